//! What answers say in words, alike on the command line, in JSON and on the pages.

use std::fmt::Display;

/// Returns how long something took, in at most two units: `0.25 ms`, `12 ms`, `1.0 s`, `1 min 0 s`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn span(milliseconds: f64) -> String {
    let ms = milliseconds.clamp(0.0, 9e15);
    // What is shown decides the unit: 999.6 ms are shown as one second, not as a thousand milliseconds.
    if ms < 0.005 {
        "0 ms".to_owned()
    } else if ms < 0.995 {
        format!("{ms:.2} ms")
    } else if ms.round() < 1e3 {
        format!("{ms:.0} ms")
    } else if (ms / 100.0).round() < 600.0 {
        format!("{:.1} s", ms / 1e3)
    } else if (ms / 1e3).round() < 3600.0 {
        in_two(ms / 1e3, 60, "min", "s")
    } else if (ms / 6e4).round() < 2880.0 {
        in_two(ms / 6e4, 60, "h", "min")
    } else {
        in_two(ms / 3.6e6, 24, "d", "h")
    }
}

/// Returns a word for so many things.
#[must_use]
pub fn plural<N: Copy + PartialEq + From<u8>>(count: N, word: &str) -> String {
    if count == N::from(1) { word.to_owned() } else { format!("{word}s") }
}

/// Returns how many of something there are.
///
/// ```
/// assert_eq!([1_u32, 2].map(|count| mltrace_core::words::counted(count, "run")), ["1 run", "2 runs"]);
/// ```
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, word: &str) -> String {
    format!("{count} {}", plural(count, word))
}

/// Returns a count of small units in large and small ones, of which `size` make a large one.
fn in_two(count: f64, size: u64, large: &str, small: &str) -> String {
    let count = count.round() as u64;
    format!(
        "{} {large} {} {small}",
        count.checked_div(size).unwrap_or_default(),
        count.checked_rem(size).unwrap_or_default()
    )
}

/// Returns a moment to the minute: `2021-05-02 12:07 UTC`.
#[must_use]
pub fn minute(moment: impl Display) -> String {
    let text = second(moment);
    text.rsplit_once(':').map_or(text.clone(), |(minute, _)| format!("{minute} UTC"))
}

/// Returns a moment to the second: `2021-05-02 12:07:26 UTC`.
#[must_use]
pub fn second(moment: impl Display) -> String {
    let text = moment.to_string();
    let Some((day, time)) = text.split_once('T') else { return text };
    let second = time.split(['.', 'Z']).next().unwrap_or(time);
    format!("{day} {second} UTC")
}

/// What is said of an input on the side where a run did not read it.
pub const NOT_READ: &str = "not read";
/// What is said of an input that was read, and of whose content nothing is recorded.
pub const READ_UNKNOWN: &str = "read, content unknown";

/// What is said where not everything that is recorded of runs was compared.
pub const NOT_ALL_COMPARED: &str = "not everything is compared: of a run with a great many parameters, metrics, checks or inputs only the first by name are";

/// What is said under a list of runs that goes on.
pub const OLDER_LEFT_OUT: &str = "older runs are left out: `--limit N` shows more";

/// Why nothing was recorded that somebody asked for.
pub const SWITCHED_OFF: &str = "nothing can be recorded while recording is switched off";

/// Returns what the field of a difference is called; `parameter rate` and the like are put together by those who show them.
///
/// ```
/// assert_eq!(mltrace_core::words::field("git.commit"), "commit");
/// ```
#[must_use]
pub fn field(code: &str) -> &str {
    match code {
        "missing" => "the run itself",
        "git.commit" => "commit",
        "git.branch" => "branch",
        "git.dirty" => "work tree differs from the commit",
        "code" => "source text",
        "code.is_in_work_tree" => "work tree held its source text",
        "content" => "content, made of the same",
        _ => code,
    }
}

/// Returns that an input was stale because another run had written over it.
#[must_use]
pub fn superseded(run: &str, name: &str, at: impl Display) -> String {
    format!("run {run} had written a later version of `{name}` at {}", second(at))
}

/// Returns that an input was stale because another run had done the work behind it again.
#[must_use]
pub fn redone(run: &str, name: &str, at: impl Display) -> String {
    format!("run {run} had done the work behind `{name}` again, over the same inputs and parameters, by {}", second(at))
}

/// Returns how a check came out; one that did not pass and only warns says so.
///
/// ```
/// assert_eq!(mltrace_core::words::outcome("failed", true), "failed (warning)");
/// ```
#[must_use]
pub fn outcome(outcome: &str, is_warning: bool) -> String {
    if is_warning { format!("{outcome} (warning)") } else { outcome.to_owned() }
}

/// How many letters of a long value are shown.
const LONG: usize = 60;
/// How many letters of a long value are shown before it differs from another.
const AHEAD: usize = 12;

/// Returns a value beside another, as people read both: a long one is cut around where they differ.
#[must_use]
pub fn beside(value: &str, other: Option<&str>) -> String {
    let count = value.chars().count();
    if count <= LONG {
        return value.to_owned();
    }
    let same = other.map_or(0, |other| value.chars().zip(other.chars()).take_while(|(a, b)| a == b).count());
    // What is shown is as long wherever they differ.
    let start = same.saturating_sub(AHEAD).min(count.saturating_sub(LONG));
    let shown: String = value.chars().skip(start).take(LONG).collect();
    let [before, after] = [start > 0, start.saturating_add(LONG) < count].map(|is_cut| if is_cut { "…" } else { "" });
    format!("{before}{shown}{after}")
}

/// Returns a number without the digits that only its binary form has.
#[must_use]
pub fn number(number: f64) -> String {
    format!("{number:.11e}").parse().unwrap_or(number).to_string()
}

/// The heights of a curve.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns a curve of numbers, each as high as it stands between the least and the greatest; what is no number, or has no end,
/// is a blank.
///
/// ```
/// assert_eq!(mltrace_core::words::curve([1.0, 8.0, f64::NAN, 4.5].into_iter()), "▁█ ▅");
/// ```
#[must_use]
pub fn curve(numbers: impl Iterator<Item = f64>) -> String {
    let numbers: Vec<f64> = numbers.collect();
    let finite = || numbers.iter().copied().filter(|number| number.is_finite());
    let (least, greatest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let bar = |number: &f64| {
        if !number.is_finite() {
            return ' ';
        }
        // The difference of halves is never larger than a float can be.
        let [number, least, greatest] = [*number, least, greatest].map(|number| number / 2.0);
        let share = if greatest > least { (number - least) / (greatest - least) } else { 0.5 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
        let place = (share * 7.0).round().clamp(0.0, 7.0) as usize;
        BARS.get(place).copied().unwrap_or(' ')
    };
    numbers.iter().map(bar).collect()
}

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "?";

/// Returns a share in percent, rounded down: only what is all is 100 %.
#[must_use]
pub fn share(share: Option<f64>) -> String {
    share.map_or(UNKNOWN.to_owned(), |share| format!("{} %", (share * 100.0).floor()))
}

/// Returns how much later feedback came than its output, or how much earlier: it may have been there before.
///
/// ```
/// use mltrace_core::words::lag;
///
/// assert_eq!([lag(90.0), lag(-7200.0)], ["1 min 30 s", "2 h 0 min before"]);
/// ```
#[must_use]
pub fn lag(seconds: f64) -> String {
    let before = if seconds < 0.0 { " before" } else { "" };
    format!("{}{before}", span(seconds.abs() * 1000.0))
}

/// Returns when feedback came, in a line: half of it, nine tenths and all of it by then.
#[must_use]
pub fn lags([half, most, all]: [f64; 3]) -> String {
    let after =
        |seconds: f64| if half < 0.0 && seconds >= 0.0 { format!("after {}", lag(seconds)) } else { lag(seconds) };
    let (first, then) = if half < 0.0 { ("feedback ", " its output") } else { ("feedback after ", "") };
    format!("{first}{}{then} (half), {} (9 of 10), {} (all)", lag(half), after(most), after(all))
}

/// Returns a number with six digits that count.
#[must_use]
pub fn brief(value: Option<f64>) -> String {
    let Some(value) = value else { return UNKNOWN.to_owned() };
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs().log10().floor();
    if !(-5.0..12.0).contains(&size) {
        return format!("{value:.5e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
    let digits = (5.0 - size).clamp(0.0, 10.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_in_at_most_two_units() {
        let shown = [-1.0, 0.0, 0.25, 12.0, 1000.0, 3210.0, 231_000.0, 7_500_000.0, 273_600_000.0].map(span);
        assert_eq!(shown, ["0 ms", "0 ms", "0.25 ms", "12 ms", "1.0 s", "3.2 s", "3 min 51 s", "2 h 5 min", "3 d 4 h"]);
    }

    #[test]
    fn a_span_that_is_rounded_up_to_the_next_unit_is_shown_in_it() {
        let shown = [0.996, 999.6, 59_960.0, 3_599_700.0, 172_799_000.0].map(span);
        assert_eq!(shown, ["1 ms", "1.0 s", "1 min 0 s", "1 h 0 min", "2 d 0 h"]);
    }

    #[test]
    fn no_number_is_shown_that_is_a_whole_larger_unit() {
        for step in 0..40_000_u32 {
            let shown = span(1.0003_f64.powi(i32::try_from(step).unwrap()));
            let words: Vec<&str> = shown.split(' ').collect();
            let large = |number: f64, unit: &str| match unit {
                "ms" => number >= 1e3,
                "s" | "min" => number >= 60.0,
                "h" => number >= 48.0,
                _ => false,
            };
            for pair in words.chunks(2) {
                assert!(!large(pair[0].parse().unwrap(), pair[1]), "{shown}");
            }
        }
    }

    #[test]
    fn a_long_value_is_cut_around_where_it_differs() {
        let long = |last: &str| format!("{}{last}{}", "a".repeat(100), "z".repeat(100));
        let [one, other] = ["1", "2"].map(long);
        let expected = |last: &str| format!("…{}{last}{}…", "a".repeat(12), "z".repeat(47));
        assert_eq!([beside(&one, Some(&other)), beside(&other, Some(&one))], [expected("1"), expected("2")]);
        assert_eq!(beside(&one, None), format!("{}…", "a".repeat(60)));
        assert_eq!(beside(&one[..150], Some(&one)), format!("…{}1{}", "a".repeat(10), "z".repeat(49)));
        assert_eq!(beside("short", Some("shown")), "short");
    }

    #[test]
    fn a_moment_is_told_without_what_nobody_reads() {
        for moment in ["2021-05-02T12:07:26.123456Z", "2021-05-02T12:07:26Z"] {
            assert_eq!([minute(moment), second(moment)], ["2021-05-02 12:07 UTC", "2021-05-02 12:07:26 UTC"]);
        }
    }

    #[test]
    fn a_number_has_no_digits_of_its_binary_form() {
        let numbers = [0.1 + 0.2, 1.476_500_000_000_000_1, 12_345_678.0, 0.0, -3.5, f64::INFINITY];
        assert_eq!(numbers.map(number), ["0.3", "1.4765", "12345678", "0", "-3.5", "inf"]);
    }
}
