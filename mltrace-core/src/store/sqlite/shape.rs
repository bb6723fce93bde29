//! What a store's file may hold: the tables, indexes and views that its schema makes, and nothing else.
//!
//! A file may come from anybody. A trigger, a view in the place of a table or a generated column in it would be SQL of
//! theirs that runs when ours does, so what the file holds is compared before anything is asked of it.

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Row};

use super::schema::Schema;
use crate::escape;

/// BLAKE3 over what the schemas 1, 2, … make, so that a store of one of them is known without making another to compare.
const KNOWN: [&str; 10] = [
    "6d800dee355a8e2afd9cf07437c4a8165e973b90a841c88d3ffa43b655e2d195",
    "d2b2312e072fe2f1e1b477f1b1c3cf3f0b738c0500e28491f90a6b100a1df9f7",
    "96e458be1aff558be8ccbccaea047398757c55e8bb09723dd1dfae1d6c128aee",
    "46fbfee2ab4bc6a4787dcaee341e8d379f69e07f6d3acef195931dc7585101b7",
    "9bacdcdd4a77bd792abcc4afd956a29f02e90b11a63519825458337ef7075387",
    "2fe7e1ea0e34bc551da2308bf6b5a406d07f61eead81b7bf85d91381348e2222",
    "222263dccd73cdaa73f9dd58b6a64e41dd99511a8c57fd1a07ce4ef5ea33d344",
    "b025222942c8c5498065babaac76e75b30f78de82aa7ced056f5c89e90e3b5f6",
    "bfe224a014ec1b5eeeece96f566a12b31c681651205f835e0005cac9b86970a3",
    "44e4aa3741c03c5ed7ed7bc33f1548c7b63d3bb4c09d0003dd14d77eaa2ac2ca",
];

/// No statement of ours and nothing that we store comes near these, and no other's may go beyond. Of SQLite's own limits
/// some are a thousand times as large, some are none.
const LIMITS: [(Limit, i32); 10] = [
    // A record of a journal has at most 64 MiB.
    (Limit::SQLITE_LIMIT_LENGTH, 128 << 20),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_SCHEMA, 500),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 16),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
];

const OBJECTS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";

/// Makes SQLite to trust nothing that a file says; called before the file is looked at.
pub(super) fn distrust(connection: &Connection) -> rusqlite::Result<()> {
    for (limit, value) in LIMITS {
        connection.set_limit(limit, value)?;
    }
    let switches = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // No question of ours asks a view, and no schema of ours has a trigger.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ];
    for (switch, is_on) in switches {
        connection.set_db_config(switch, is_on)?;
    }
    Ok(())
}

/// What a database holds besides rows.
pub(super) struct Held {
    /// BLAKE3 over all of it.
    digest: String,
    /// All of it, by kind and name; left out where the digest says enough.
    objects: Vec<Object>,
    is_empty: bool,
}

impl Held {
    /// Returns what a database holds that calls itself one of schema `found`.
    pub(super) fn of(connection: &Connection, found: i64) -> rusqlite::Result<Self> {
        // Every command looks at this: where all is as it should be, nothing is kept of it.
        let mut statement = connection.prepare(OBJECTS)?;
        let (mut rows, mut hasher, mut is_empty) = (statement.query([])?, blake3::Hasher::new(), true);
        while let Some(row) = rows.next()? {
            if is_statistics(row)? {
                continue;
            }
            is_empty = false;
            for column in 0..4 {
                let text = row.get_ref(column)?.as_bytes_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default();
                // The length keeps two different lists from hashing alike.
                hasher.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
                hasher.update(text);
            }
        }
        let digest = hasher.finalize().to_hex().to_string();
        let objects = if known(found) == Some(digest.as_str()) { Vec::new() } else { objects(connection)? };
        Ok(Self { digest, objects, is_empty })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Returns whether the table is there, as this version makes it, that says who may open a newer store.
    pub(super) fn has_meta(&self, schema: &Schema) -> rusqlite::Result<bool> {
        let made = made(schema.steps)?;
        let meta = made.iter().find(|object| object.kind == "table" && object.name == "meta");
        Ok(meta.is_some_and(|meta| self.objects.contains(meta)))
    }

    /// Returns what a file of schema `found` holds that `schema` does not make, or what it lacks, in words.
    pub(super) fn strange(
        &self,
        connection: &Connection,
        schema: &Schema,
        found: i64,
    ) -> rusqlite::Result<Option<String>> {
        if known(found) == Some(self.digest.as_str()) {
            return Ok(None);
        }
        let steps = schema.steps.get(..usize::try_from(found).unwrap_or_default());
        let Some(steps) = steps else { return self.strange_in_newer(connection, schema) };
        let made = made(steps)?;
        if let Some(object) = self.objects.iter().find(|object| !made.contains(object)) {
            let is_ours = made.iter().any(|made| made.is_named_like(object));
            return Ok(Some(match is_ours {
                true => format!("its {} is not the one that mltrace makes", object.called()),
                false => format!("it holds the {}, which mltrace did not make", object.called()),
            }));
        }
        let missing = made.iter().find(|object| !self.objects.contains(object));
        Ok(missing.map(|object| format!("it lacks the {}", object.called())))
    }

    /// Nobody knows here what a newer schema makes, but what it must not: SQL that runs by itself, and anything else in
    /// the place of what this version asks.
    fn strange_in_newer(&self, connection: &Connection, schema: &Schema) -> rusqlite::Result<Option<String>> {
        let made = made(schema.steps)?;
        let is_asked = |object: &Object| made.iter().any(|made| made.kind == "table" && made.name == object.name);
        for object in &self.objects {
            let is_in_its_place = object.kind != "table" && object.kind != "index" && is_asked(object);
            if object.kind == "trigger" || object.is_virtual() || object.is_function() || is_in_its_place {
                return Ok(Some(format!("it holds the {}, which mltrace did not make", object.called())));
            }
        }
        let is_there = |table: &&Object| self.objects.iter().any(|held| table.is_named_like(held));
        if let Some(table) = made.iter().find(|made| made.kind == "table" && !is_there(made)) {
            return Ok(Some(format!("it lacks the {}", table.called())));
        }
        let is_more = worked_out(connection)? > worked_out(&in_memory(schema.steps)?)?;
        Ok(is_more.then(|| "it holds columns that are worked out, which mltrace did not make".to_owned()))
    }
}

/// Returns the digest of what a schema makes that was released.
fn known(schema: i64) -> Option<&'static str> {
    KNOWN.get(usize::try_from(schema).ok()?.checked_sub(1)?).copied()
}

/// What `ANALYZE` leaves, which many a tool runs: counts by which SQLite chooses its way, and no answer.
fn is_statistics(row: &Row<'_>) -> rusqlite::Result<bool> {
    let is = |name: &str, text: &str| -> rusqlite::Result<bool> {
        Ok(row.get_ref(1)?.as_str().ok() == Some(name) && row.get_ref(3)?.as_str().ok() == Some(text))
    };
    Ok(is("sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)")?
        || is("sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)")?)
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut statement = connection.prepare(OBJECTS)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !is_statistics(row)? {
            found.push(Object::of(row)?);
        }
    }
    Ok(found)
}

/// Returns what these steps make.
fn made(steps: &'static [&'static str]) -> rusqlite::Result<Vec<Object>> {
    objects(&in_memory(steps)?)
}

fn in_memory(steps: &'static [&'static str]) -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    Schema { steps, min_reader: 0, min_writer: 0 }.make(&connection)?;
    Ok(connection)
}

/// Returns how many columns are worked out when they are read.
fn worked_out(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT count(*) FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
         WHERE t.type = 'table' AND c.hidden IN (2, 3)";
    connection.query_row(sql, [], |row| row.get(0))
}

/// A table, index, view or trigger, as SQLite keeps it.
#[derive(PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    /// The statement that makes it; `None`: it came with its table.
    sql: Option<String>,
}

impl Object {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    }

    fn is_named_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name
    }

    fn is_virtual(&self) -> bool {
        self.kind == "table" && self.sql.as_deref().is_none_or(|sql| !sql.starts_with("CREATE TABLE "))
    }

    /// Returns whether it stands in the place of a function that our statements read from.
    fn is_function(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        self.kind != "index" && (name.starts_with("json_") || name.starts_with("pragma_"))
    }

    fn called(&self) -> String {
        let name: String = self.name.chars().take(100).collect();
        format!("{} `{}`", escape::line(&self.kind), escape::line(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_schemas_are_those_that_the_steps_make() {
        let digest = |steps| Held::of(&in_memory(&Schema::CURRENT.steps[..steps]).unwrap(), 0).unwrap().digest;
        let made: Vec<String> = (1..=Schema::CURRENT.steps.len()).map(digest).collect();
        assert_eq!(made, KNOWN, "a step that was released is never changed; add the digest of a new one");
    }
}
