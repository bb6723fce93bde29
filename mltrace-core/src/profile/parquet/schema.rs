//! The columns of a Parquet file: the leaves of a tree, of which rows may have none, one or several values.

use std::io::Read;
use std::sync::Arc;

use ::parquet::basic::{Repetition, Type as Physical};
use ::parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type};

use super::levels::Levels;
use super::thrift::{Kind, Thrift};
use super::value::{Meaning, Unit};
use crate::model::{LIMIT_NAME, MOST_COLUMNS, cut};

/// No file has more columns and groups of columns.
const MOST_ELEMENTS: usize = 1 << 16;
/// No column is nested more deeply.
const DEEPEST: usize = 64;
/// No value of a fixed length is longer.
const LONGEST_FIXED: i64 = 1 << 16;

/// A column that is reported.
pub(super) struct Column {
    pub(super) name: String,
    /// Which of the leaves it is.
    pub(super) leaf: usize,
    pub(super) holds: Holds,
}

/// What a column holds.
pub(super) enum Holds {
    /// A value a row, or none.
    Values { described: ColumnDescPtr, meaning: Meaning },
    /// Lists or maps: of their first leaf it is read which rows have one.
    Lists(Levels),
}

/// The columns.
pub(super) struct Schema {
    pub(super) columns: Vec<Column>,
    pub(super) left_out: u64,
    pub(super) leaves: usize,
}

/// A column or a group of columns, as the file says it.
#[derive(Default)]
pub(super) struct Element {
    name: String,
    physical: Option<i64>,
    length: i64,
    repetition: i64,
    children: u64,
    converted: Option<i64>,
    scale: i64,
    meaning: Option<Meaning>,
    is_list: bool,
}

/// Reads all elements: the tree in the order of a walk that begins with parents.
pub(super) fn elements<R: Read>(thrift: &mut Thrift<R>) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    for _ in 0..thrift.list(Kind::Struct)? {
        if elements.len() >= MOST_ELEMENTS {
            return None;
        }
        elements.push(element(thrift)?);
    }
    Some(elements)
}

fn element<R: Read>(thrift: &mut Thrift<R>) -> Option<Element> {
    let mut element = Element::default();
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (1, Kind::Int) => element.physical = Some(thrift.int()?),
            (2, Kind::Int) => element.length = thrift.int()?,
            (3, Kind::Int) => element.repetition = thrift.int()?,
            (4, Kind::Binary) => element.name = thrift.text(u64::try_from(LIMIT_NAME).ok()?)?,
            (5, Kind::Int) => element.children = thrift.count()?,
            (6, Kind::Int) => element.converted = Some(thrift.int()?),
            (7, Kind::Int) => element.scale = thrift.int()?,
            (10, Kind::Struct) => logical(thrift, &mut element)?,
            _ => thrift.skip(kind)?,
        }
    }
    element.is_list |= matches!(element.converted, Some(1..=3));
    if element.meaning.is_none() {
        element.meaning = element.converted.and_then(|code| converted(code, element.scale));
    }
    Some(element)
}

/// Returns what an older writer said of the values.
fn converted(code: i64, scale: i64) -> Option<Meaning> {
    Some(match code {
        0 | 4 | 19 => Meaning::Text,
        5 => Meaning::Decimal { scale: u32::try_from(scale).ok()? },
        6 => Meaning::Date,
        7 => Meaning::Time(Unit::Milli),
        8 => Meaning::Time(Unit::Micro),
        9 => Meaning::Moment { unit: Unit::Milli, is_utc: true },
        10 => Meaning::Moment { unit: Unit::Micro, is_utc: true },
        11..=14 => Meaning::Unsigned,
        _ => return None,
    })
}

fn logical<R: Read>(thrift: &mut Thrift<R>, element: &mut Element) -> Option<()> {
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        let meaning = match (id, kind) {
            (5, Kind::Struct) => Some(decimal(thrift)?),
            (7 | 8, Kind::Struct) => Some(time(thrift, id == 8)?),
            (10, Kind::Struct) => integer(thrift)?,
            _ => {
                thrift.skip(kind)?;
                element.is_list |= matches!(id, 2 | 3);
                match id {
                    1 | 4 | 12 => Some(Meaning::Text),
                    6 => Some(Meaning::Date),
                    14 => Some(Meaning::Uuid),
                    15 => Some(Meaning::Half),
                    _ => None,
                }
            }
        };
        element.meaning = meaning.or(element.meaning.take());
    }
    Some(())
}

fn decimal<R: Read>(thrift: &mut Thrift<R>) -> Option<Meaning> {
    let mut scale = 0;
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (1, Kind::Int) => scale = u32::try_from(thrift.int()?).ok()?,
            _ => thrift.skip(kind)?,
        }
    }
    Some(Meaning::Decimal { scale })
}

fn time<R: Read>(thrift: &mut Thrift<R>, is_moment: bool) -> Option<Meaning> {
    let (mut is_utc, mut unit) = (false, Unit::Milli);
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (1, Kind::Flag(flag)) => is_utc = flag,
            (2, Kind::Struct) => {
                let mut last = 0;
                while let Some((id, kind)) = thrift.field(&mut last)? {
                    unit = match id {
                        1 => Unit::Milli,
                        2 => Unit::Micro,
                        _ => Unit::Nano,
                    };
                    thrift.skip(kind)?;
                }
            }
            _ => thrift.skip(kind)?,
        }
    }
    Some(if is_moment { Meaning::Moment { unit, is_utc } } else { Meaning::Time(unit) })
}

fn integer<R: Read>(thrift: &mut Thrift<R>) -> Option<Option<Meaning>> {
    let mut is_signed = true;
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (2, Kind::Flag(flag)) => is_signed = flag,
            _ => thrift.skip(kind)?,
        }
    }
    Some((!is_signed).then_some(Meaning::Unsigned))
}

/// A group of columns of which some are still to come.
struct Open {
    left: u64,
    name: String,
    defined: i16,
    repeated: i16,
    is_list: bool,
    /// The outermost list that it is in: its name, and from which level on a row has it.
    list: Option<(String, i16)>,
}

/// Returns the columns of a tree; `None` when it is none.
pub(super) fn columns(elements: Vec<Element>) -> Option<Schema> {
    let mut elements = elements.into_iter();
    let left = elements.next()?.children;
    let mut open = vec![Open { left, name: String::new(), defined: 0, repeated: 0, is_list: false, list: None }];
    let mut schema = Schema { columns: Vec::new(), left_out: 0, leaves: 0 };
    let mut last_list = None;
    for element in elements {
        while open.last()?.left == 0 {
            open.pop();
        }
        let parent = open.last_mut()?;
        parent.left = parent.left.checked_sub(1)?;
        let inner = inside(parent, &element);
        let Some(physical) = element.physical else {
            if open.len() >= DEEPEST {
                return None;
            }
            open.push(inner);
            continue;
        };
        let leaf = schema.leaves;
        schema.leaves = schema.leaves.saturating_add(1);
        // What is in one list is one column.
        let list = inner.list.as_ref().map(|(name, _)| name.clone());
        if list.is_some() && list == last_list {
            continue;
        }
        if schema.columns.len() >= MOST_COLUMNS {
            schema.left_out = schema.left_out.saturating_add(1);
        } else {
            schema.columns.push(column(inner, &element, physical, leaf)?);
        }
        last_list = list;
    }
    let is_complete = open.iter().all(|open| open.left == 0);
    number(&mut schema.columns);
    is_complete.then_some(schema)
}

/// Returns where what is inside an element of a group stands.
fn inside(parent: &Open, element: &Element) -> Open {
    let (is_optional, is_repeated) = (element.repetition == 1, element.repetition == 2);
    let mut name = match &*parent.name {
        "" => element.name.clone(),
        outer => format!("{outer}.{}", element.name),
    };
    cut(&mut name, LIMIT_NAME);
    // The list is what has elements, and not the group of these that the format puts between.
    let here = is_repeated.then(|| {
        let name = if parent.is_list { parent.name.clone() } else { name.clone() };
        (name, parent.defined)
    });
    Open {
        left: element.children,
        name,
        defined: parent.defined.saturating_add(i16::from(is_optional || is_repeated)),
        repeated: parent.repeated.saturating_add(i16::from(is_repeated)),
        is_list: element.is_list,
        list: parent.list.clone().or(here),
    }
}

fn column(inner: Open, element: &Element, physical: i64, leaf: usize) -> Option<Column> {
    let Open { name, defined, repeated, list, .. } = inner;
    if let Some((name, present)) = list {
        return Some(Column { name, leaf, holds: Holds::Lists(Levels { repeated, defined, present }) });
    }
    let physical = match physical {
        0 => Physical::BOOLEAN,
        1 => Physical::INT32,
        2 => Physical::INT64,
        3 => Physical::INT96,
        4 => Physical::FLOAT,
        5 => Physical::DOUBLE,
        6 => Physical::BYTE_ARRAY,
        7 if (1..=LONGEST_FIXED).contains(&element.length) => Physical::FIXED_LEN_BYTE_ARRAY,
        _ => return None,
    };
    let length = i32::try_from(element.length).unwrap_or(-1);
    let length = if physical == Physical::FIXED_LEN_BYTE_ARRAY { length } else { -1 };
    let primitive = Type::primitive_type_builder("value", physical)
        .with_repetition(Repetition::REQUIRED)
        .with_length(length)
        .build()
        .ok()?;
    let described = ColumnDescriptor::new(Arc::new(primitive), defined, 0, ColumnPath::new(Vec::new()));
    let meaning = element.meaning.unwrap_or(Meaning::Plain);
    Some(Column { name, leaf, holds: Holds::Values { described: Arc::new(described), meaning } })
}

/// Of a name that is there twice the later ones get a number.
fn number(columns: &mut [Column]) {
    let mut names = std::collections::BTreeSet::new();
    for (at, column) in columns.iter_mut().enumerate() {
        if names.contains(&column.name) {
            column.name = format!("{} ({})", column.name, at.saturating_add(1));
        }
        names.insert(column.name.clone());
    }
}
