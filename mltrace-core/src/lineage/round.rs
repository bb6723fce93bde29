//! Numbers as people read them: round ones between two others, and with few digits.

/// How fine a number may be: a double has no more digits.
const DIGITS: i32 = 17;

/// Returns the roundest number from `inside` on and before `outside`, on whichever side of it that lies: a multiple of the
/// largest power of ten of which there is one, and of several the one nearest to the middle.
#[must_use]
pub fn between(inside: f64, outside: f64) -> f64 {
    let (low, high) = (inside.min(outside), inside.max(outside));
    let is_there = |number: f64| number == inside || low < number && number < high;
    if is_there(0.0) {
        return 0.0;
    }
    let middle = low / 2.0 + high / 2.0;
    let most = low.abs().max(high.abs()).log10().floor();
    if !most.is_finite() || inside == outside {
        return inside;
    }
    for finer in 0..DIGITS {
        let power = most as i32 - finer;
        let count = (middle / 10_f64.powi(power)).round();
        // Written in digits it is the number that people write, whatever its binary digits are.
        let multiple = |count: f64| format!("{count}e{power}").parse().unwrap_or(inside);
        let near = [count, count - 1.0, count + 1.0].map(multiple);
        if let Some(found) = near.into_iter().find(|number| is_there(*number)) {
            return found;
        }
    }
    inside
}

/// Returns a number with so many digits that count.
#[must_use]
pub fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits.saturating_sub(1)).parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_roundest_number_of_a_gap_is_found() {
        let check = |inside: f64, outside: f64, expected: f64| {
            assert_eq!(between(inside, outside).to_string(), expected.to_string(), "{inside} {outside}");
        };
        check(893.0, 1000.0, 900.0);
        check(893.0, 1004.0, 1000.0);
        check(819.0, 836.0, 830.0);
        check(5.0, 6.0, 5.0);
        check(6.0, 5.0, 6.0);
        check(0.61, 0.74, 0.7);
        check(0.613, 0.618, 0.615);
        check(-3.0, 12.0, 0.0);
        check(-12.0, -17.0, -15.0);
        check(72_000.0, 61_000.0, 70_000.0);
        check(1.0, 1.0, 1.0);
        check(0.0, 0.1, 0.0);
    }

    #[test]
    fn digits_that_do_not_count_are_left_out() {
        assert_eq!(
            [0.123_456, 1234.56, -9999.99, 0.0, 5.0].map(|number| rounded(number, 4)),
            [0.1235, 1235.0, -10_000.0, 0.0, 5.0]
        );
    }

    proptest! {
        #[test]
        fn a_bound_holds_what_is_inside_and_not_what_is_outside(inside in -1e9_f64..1e9, outside in -1e9_f64..1e9) {
            let bound = between(inside, outside);
            if inside < outside {
                prop_assert!(inside <= bound && bound < outside);
            } else if inside > outside {
                prop_assert!(outside < bound && bound <= inside);
            }
        }
    }
}
