//! Places the boxes of a graph in layers from left to right, so that no line runs through a box.
//!
//! A line that passes a layer without a box of its own there gets a place between the boxes; only in the gaps between
//! layers do lines go up and down.

use std::collections::BTreeSet;

/// Between two layers.
const GAP_X: f64 = 36.0;
/// Between two boxes of a layer.
const GAP_Y: f64 = 16.0;
/// How much room a line takes that passes a layer.
const LINE: f64 = 6.0;
/// Around everything.
const MARGIN: f64 = 12.0;
/// How often the order within the layers is improved, and how often the boxes are moved towards their neighbours.
const SWEEPS: usize = 12;

/// A place for everything. Numbers are in the units of the sizes that were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// How wide all of it is.
    pub width: f64,
    /// How high all of it is.
    pub height: f64,
    /// The upper left corner of each box.
    pub boxes: Vec<(f64, f64)>,
    /// For each line its corners, from the right side of one box to the left side of the other.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// A box, or the place at which a line passes a layer.
struct Slot {
    layer: usize,
    width: f64,
    height: f64,
    y: f64,
}

/// Returns a place for boxes of these sizes (width, height) and for the lines between them (from, to), data flowing to
/// the right. Lines against the flow, which only a cycle has, run back.
///
/// `None` when boxes and lines that pass layers take more than `most` places: where everything is joined to everything
/// they grow with the third power of the boxes, and nobody could read the drawing.
#[must_use]
pub fn layout(sizes: &[(f64, f64)], lines: &[(usize, usize)], most: usize) -> Option<Layout> {
    let forward = without_cycles(sizes.len(), lines);
    let layers = layers(sizes.len(), &forward);
    let passed = forward.iter().map(|(from, to)| layers[*to].saturating_sub(layers[*from]));
    if passed.fold(sizes.len(), usize::saturating_add) > most {
        return None;
    }
    let mut slots: Vec<Slot> = sizes
        .iter()
        .zip(&layers)
        .map(|((width, height), layer)| Slot { layer: *layer, width: *width, height: *height, y: 0.0 })
        .collect();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(forward.len());
    for (from, to) in &forward {
        let mut way = vec![*from];
        for layer in layers[*from] + 1..layers[*to] {
            way.push(slots.len());
            slots.push(Slot { layer, width: 0.0, height: LINE, y: 0.0 });
        }
        way.push(*to);
        ways.push(way);
    }
    let neighbours = Neighbours::of(slots.len(), &ways);
    let mut columns = vec![Vec::new(); slots.iter().map(|slot| slot.layer + 1).max().unwrap_or(0)];
    for (number, slot) in slots.iter().enumerate() {
        columns[slot.layer].push(number);
    }
    order(&mut columns, &neighbours);
    place(&columns, &neighbours, &mut slots);
    Some(finish(&slots, &columns, sizes.len(), lines, &forward, &ways))
}

/// Turns round the lines that close a cycle; a line from a box to itself stays as it is.
fn without_cycles(boxes: usize, lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next = vec![Vec::new(); boxes];
    for (number, (from, to)) in lines.iter().enumerate() {
        next[*from].push((number, *to));
    }
    let mut turned = BTreeSet::new();
    // 0: not seen; 1: on the way from the root; 2: done.
    let mut state = vec![0_u8; boxes];
    for root in 0..boxes {
        let mut way = vec![(root, 0)];
        while let Some((at, step)) = way.last_mut() {
            if *step == 0 {
                if state[*at] == 2 {
                    way.pop();
                    continue;
                }
                state[*at] = 1;
            }
            let Some((number, to)) = next[*at].get(*step).copied() else {
                state[*at] = 2;
                way.pop();
                continue;
            };
            *step += 1;
            match state[to] {
                0 => way.push((to, 0)),
                1 => drop(turned.insert(number)),
                _ => {}
            }
        }
    }
    let turn = |(number, (from, to)): (usize, &(usize, usize))| {
        if turned.contains(&number) { (*to, *from) } else { (*from, *to) }
    };
    lines.iter().enumerate().map(turn).collect()
}

/// Returns a layer for each box: right of all that leads to it, and as near to what it leads to as can be, so that what was
/// made for something stands beside it.
fn layers(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let mut before = vec![0_usize; boxes];
    let mut next = vec![Vec::new(); boxes];
    for (from, to) in lines.iter().filter(|(from, to)| from != to) {
        before[*to] += 1;
        next[*from].push(*to);
    }
    let mut ready: Vec<usize> = (0..boxes).filter(|number| before[*number] == 0).collect();
    let mut layers = vec![0_usize; boxes];
    let mut order = Vec::with_capacity(boxes);
    while let Some(at) = ready.pop() {
        order.push(at);
        for to in &next[at] {
            layers[*to] = layers[*to].max(layers[at] + 1);
            before[*to] -= 1;
            if before[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    for at in order.into_iter().rev() {
        layers[at] = next[at].iter().map(|to| layers[*to] - 1).min().unwrap_or(layers[at]);
    }
    layers
}

/// Who is next to whom, on the left and on the right.
struct Neighbours {
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

impl Neighbours {
    fn of(slots: usize, ways: &[Vec<usize>]) -> Self {
        let (mut left, mut right) = (vec![Vec::new(); slots], vec![Vec::new(); slots]);
        for pair in ways.iter().flat_map(|way| way.windows(2)) {
            if let [from, to] = pair
                && from != to
            {
                right[*from].push(*to);
                left[*to].push(*from);
            }
        }
        Self { left, right }
    }
}

/// Sorts each layer by where its neighbours stand, sweeping to and fro.
fn order(columns: &mut [Vec<usize>], neighbours: &Neighbours) {
    let slots = neighbours.left.len();
    let mut rank = vec![0.0_f64; slots];
    let number = |columns: &[Vec<usize>], rank: &mut [f64]| {
        for column in columns {
            for (place, slot) in column.iter().enumerate() {
                rank[*slot] = place as f64;
            }
        }
    };
    for sweep in 0..SWEEPS {
        number(columns, &mut rank);
        let is_to_the_right = sweep % 2 == 0;
        let towards = if is_to_the_right { &neighbours.left } else { &neighbours.right };
        let places: Vec<usize> =
            if is_to_the_right { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for place in places {
            let column = &mut columns[place];
            let mut keyed: Vec<(f64, usize)> =
                column.iter().map(|slot| (mean(&towards[*slot], &rank).unwrap_or(rank[*slot]), *slot)).collect();
            keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            *column = keyed.into_iter().map(|(_, slot)| slot).collect();
            for (place, slot) in column.iter().enumerate() {
                rank[*slot] = place as f64;
            }
        }
    }
}

fn mean(slots: &[usize], values: &[f64]) -> Option<f64> {
    let sum: f64 = slots.iter().map(|slot| values[*slot]).sum();
    (!slots.is_empty()).then(|| sum / slots.len() as f64)
}

/// Moves each slot towards the middle of its neighbours, as far as its layer lets it.
fn place(columns: &[Vec<usize>], neighbours: &Neighbours, slots: &mut [Slot]) {
    let mut middle = vec![0.0_f64; slots.len()];
    for column in columns {
        let mut y = 0.0;
        for slot in column {
            middle[*slot] = y + slots[*slot].height / 2.0;
            y += slots[*slot].height + GAP_Y;
        }
    }
    for sweep in 0..SWEEPS {
        let towards = if sweep % 2 == 0 { &neighbours.left } else { &neighbours.right };
        for column in columns {
            let wanted: Vec<f64> =
                column.iter().map(|slot| mean(&towards[*slot], &middle).unwrap_or(middle[*slot])).collect();
            spread(column, &wanted, slots, &mut middle);
        }
    }
    let top = column_tops(columns, slots, &middle);
    for (slot, middle) in slots.iter_mut().zip(&middle) {
        slot.y = middle - slot.height / 2.0 - top;
    }
}

fn column_tops(columns: &[Vec<usize>], slots: &[Slot], middle: &[f64]) -> f64 {
    let tops = columns.iter().flatten().map(|slot| middle[*slot] - slots[*slot].height / 2.0);
    tops.fold(f64::INFINITY, f64::min).min(f64::MAX)
}

/// Gives each slot of a layer the place that it wants, or the nearest that keeps the order and the gaps: what would
/// overlap stands together around the mean of what it wants.
fn spread(column: &[usize], wanted: &[f64], slots: &[Slot], middle: &mut [f64]) {
    struct Block {
        /// Where its first slot would like to stand, summed up over its slots.
        sum: f64,
        count: usize,
        height: f64,
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (slot, wanted) in column.iter().zip(wanted) {
        let height = slots[*slot].height + GAP_Y;
        let mut block = Block { sum: wanted - slots[*slot].height / 2.0, count: 1, height };
        while let Some(above) = blocks.pop() {
            let (top, above_top) = (block.sum / block.count as f64, above.sum / above.count as f64);
            if above_top + above.height <= top {
                blocks.push(above);
                break;
            }
            block = Block {
                sum: above.sum + block.sum - above.height * block.count as f64,
                count: above.count + block.count,
                height: above.height + block.height,
            };
        }
        blocks.push(block);
    }
    let mut rest = column.iter();
    for block in blocks {
        let mut y = block.sum / block.count as f64;
        for slot in rest.by_ref().take(block.count) {
            middle[*slot] = y + slots[*slot].height / 2.0;
            y += slots[*slot].height + GAP_Y;
        }
    }
}

/// Returns the corners of boxes and lines.
fn finish(
    slots: &[Slot],
    columns: &[Vec<usize>],
    boxes: usize,
    lines: &[(usize, usize)],
    forward: &[(usize, usize)],
    ways: &[Vec<usize>],
) -> Layout {
    let mut edges = Vec::with_capacity(columns.len());
    let mut x = MARGIN;
    for column in columns {
        let width = column.iter().map(|slot| slots[*slot].width).fold(0.0, f64::max);
        edges.push((x, x + width));
        x += width + GAP_X;
    }
    let bottom = slots.iter().map(|slot| slot.y + slot.height).fold(0.0, f64::max);
    let corners = |way: &Vec<usize>| {
        let mut corners = Vec::with_capacity(way.len() * 2);
        for (place, slot) in way.iter().enumerate() {
            let (slot, (left, right)) = (&slots[*slot], edges[slots[*slot].layer]);
            let y = MARGIN + slot.y + slot.height / 2.0;
            if place > 0 {
                corners.push((left, y));
            }
            if place + 1 < way.len() {
                // From a narrow box along its own row to where its layer ends.
                corners.extend((place == 0 && slot.width > 0.0).then_some((left + slot.width, y)));
                corners.push((right, y));
            }
        }
        corners.dedup();
        corners
    };
    let lines = ways.iter().zip(lines.iter().zip(forward)).map(|(way, (line, ahead))| {
        let mut corners = corners(way);
        if line != ahead {
            corners.reverse();
        }
        corners
    });
    Layout {
        width: if columns.is_empty() { 2.0 * MARGIN } else { x - GAP_X + MARGIN },
        height: bottom + 2.0 * MARGIN,
        boxes: slots.iter().take(boxes).map(|slot| (edges[slot.layer].0, MARGIN + slot.y)).collect(),
        lines: lines.collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chain_runs_straight_to_the_right() {
        let found = layout(&[(100.0, 20.0), (50.0, 20.0), (80.0, 20.0)], &[(0, 1), (1, 2)], 5).unwrap();
        assert_eq!(found.boxes, [(12.0, 12.0), (148.0, 12.0), (234.0, 12.0)]);
        assert_eq!(found.lines, [vec![(112.0, 22.0), (148.0, 22.0)], vec![(198.0, 22.0), (234.0, 22.0)]]);
        assert_eq!((found.width, found.height), (326.0, 44.0));
    }

    #[test]
    fn what_was_made_for_something_stands_beside_it() {
        // A chain of three, and a short one into its end.
        assert_eq!(layers(6, &[(0, 1), (1, 2), (2, 3), (4, 5), (5, 3)]), [0, 1, 2, 3, 1, 2]);
    }

    #[test]
    fn nothing_takes_only_its_margin() {
        assert_eq!(layout(&[], &[], 0).unwrap().boxes, []);
    }

    #[test]
    fn what_takes_too_many_places_is_not_drawn() {
        let sizes = [(10.0, 10.0); 4];
        // Three steps, and a line that passes two layers on the way.
        let lines = [(0, 1), (1, 2), (2, 3), (0, 3)];
        assert!(layout(&sizes, &lines, 10).is_some() && layout(&sizes, &lines, 9).is_none());
        // Joined as densely as can be, a thousand boxes would take some 170 million places.
        let dense: Vec<(usize, usize)> = (0..1000).flat_map(|to| (0..to).map(move |from| (from, to))).collect();
        assert_eq!(layout(&[(10.0, 10.0); 1000], &dense, 1_000_000), None);
    }

    /// Returns whether a straight piece of a line runs through the inside of a box.
    fn cuts(((x, y), (to_x, to_y)): ((f64, f64), (f64, f64)), corner: (f64, f64), size: (f64, f64)) -> bool {
        (1..40).any(|step| {
            let part = f64::from(step) / 40.0;
            let (x, y) = (x + (to_x - x) * part, y + (to_y - y) * part);
            let is_in = |at: f64, from: f64, length: f64| at > from + 0.01 && at < from + length - 0.01;
            is_in(x, corner.0, size.0) && is_in(y, corner.1, size.1)
        })
    }

    proptest! {
        #[test]
        fn no_box_overlaps_another_and_no_line_runs_through_one(
            sizes in prop::collection::vec((20_u8..120, 10_u8..60), 1..24),
            drawn in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40),
        ) {
            let sizes: Vec<(f64, f64)> = sizes.into_iter().map(|(w, h)| (f64::from(w), f64::from(h))).collect();
            let lines: Vec<(usize, usize)> =
                drawn.iter().map(|(a, b)| (a.index(sizes.len()), b.index(sizes.len()))).filter(|(a, b)| a != b).collect();
            let found = layout(&sizes, &lines, usize::MAX).unwrap();
            prop_assert_eq!((found.boxes.len(), found.lines.len()), (sizes.len(), lines.len()));
            for (number, (corner, size)) in found.boxes.iter().zip(&sizes).enumerate() {
                prop_assert!(corner.0 >= 0.0 && corner.1 >= 0.0);
                prop_assert!(corner.0 + size.0 <= found.width && corner.1 + size.1 <= found.height);
                for (other, other_size) in found.boxes.iter().zip(&sizes).skip(number + 1) {
                    let apart_x = corner.0 + size.0 <= other.0 || other.0 + other_size.0 <= corner.0;
                    let apart_y = corner.1 + size.1 <= other.1 + 1e-6 || other.1 + other_size.1 <= corner.1 + 1e-6;
                    prop_assert!(apart_x || apart_y, "{:?}", found);
                }
                for piece in found.lines.iter().flat_map(|line| line.windows(2)) {
                    prop_assert!(!cuts((piece[0], piece[1]), *corner, *size), "{:?} through {:?}", piece, corner);
                }
            }
            for (line, (from, to)) in found.lines.iter().zip(&lines) {
                let ends = |number: usize| [found.boxes[number].0, found.boxes[number].0 + sizes[number].0];
                prop_assert!(ends(*from).contains(&line[0].0) && ends(*to).contains(&line[line.len() - 1].0));
            }
        }
    }
}
