//! Which part of a drawing is in sight when a page opens.
//!
//! Nobody knows here how large the frame is in which a browser shows it. So the drawing is hung up at a share of the frame's
//! width and height that depends on where the box lies that was asked about: that box is whole in sight in any frame that is
//! larger than itself, and where the frame has room for everything, everything is.

use maud::{Markup, PreEscaped, html};

use super::trace::Here;

/// What stays free around the box.
const MARGIN: f64 = 12.0;
/// The scales to choose from, in hundredths.
const SCALES: [u16; 6] = [40, 55, 75, 100, 140, 200];
/// How high a picture is at most, and at least.
const HIGHEST: f64 = 680.0;
const LOWEST: f64 = 220.0;
/// How wide the map of a drawing is, and how high at most.
const MAP: (f64, f64) = (240.0, 56.0);

/// How large a drawing is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Zoom {
    /// So many hundredths of its size.
    Scale(u16),
    /// All of it.
    Fit,
}

impl Zoom {
    /// Returns what an address asks for.
    pub(super) fn asked(text: &str) -> Self {
        if text == "fit" {
            return Self::Fit;
        }
        let asked = text.parse::<u16>().ok();
        Self::Scale(asked.filter(|scale| SCALES.contains(scale)).unwrap_or(100))
    }

    /// Returns the next smaller and the next larger.
    fn beside(self) -> [Option<u16>; 2] {
        let Self::Scale(now) = self else { return [None, Some(100)] };
        [SCALES.iter().rev().find(|scale| **scale < now), SCALES.iter().find(|scale| **scale > now)]
            .map(Option::<&u16>::copied)
    }
}

/// A part of a drawing: its upper left corner, its width and its height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) corner: (f64, f64),
    pub(super) size: (f64, f64),
}

/// Returns at which share of a frame's length the drawing hangs, in hundredths, and by how much it is moved from there, for a
/// box from `from` on that is `length` long, of a drawing that is `all` long.
fn hung(from: f64, length: f64, all: f64) -> (f64, f64) {
    let half = length / 2.0 + MARGIN;
    let middle = from + length / 2.0;
    let way = all - 2.0 * half;
    let share = if way > 0.0 { ((middle - half) / way).clamp(0.0, 1.0) } else { 0.5 };
    (share * 100.0, half - 2.0 * half * share - middle)
}

/// Shows a drawing of this size so that `asked` is in sight.
pub(super) fn shown(drawing: &Markup, (width, height): (f64, f64), asked: Area, zoom: Zoom) -> Markup {
    let scale = match zoom {
        Zoom::Scale(scale) => f64::from(scale) / 100.0,
        Zoom::Fit => 1.0,
    };
    let scaled = |length: f64| length * scale;
    let [(x, dx), (y, dy)] = [
        hung(scaled(asked.corner.0), scaled(asked.size.0), scaled(width)),
        hung(scaled(asked.corner.1), scaled(asked.size.1), scaled(height)),
    ];
    let moved = match zoom {
        Zoom::Fit => String::new(),
        Zoom::Scale(_) => format!("translate({} {}) scale({scale})", tenth(dx), tenth(dy)),
    };
    let whole = format!("0 0 {} {}", width.ceil(), height.ceil());
    let drawing = html! { g #drawing { (drawing) } };
    html! {
        svg.graph xmlns="http://www.w3.org/2000/svg" role="group" aria-label="The runs upstream, from left to right"
            width=(scaled(width).ceil()) height=(scaled(height).clamp(LOWEST, HIGHEST).ceil())
            viewBox=[(zoom == Zoom::Fit).then_some(&whole)] data-whole=(whole) {
            defs {
                marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" {
                    path d="M0 0 8 4 0 8z" {}
                }
            }
            @if zoom == Zoom::Fit { g.moved { (drawing) } }
            @else {
                svg.hung x={ (tenth(x)) "%" } y={ (tenth(y)) "%" } overflow="visible" { g.moved transform=(moved) { (drawing) } }
            }
        }
    }
}

/// The whole drawing once more, where it is shown beside or on paper.
fn copy() -> PreEscaped<&'static str> {
    PreEscaped("<use href=\"#drawing\"/>")
}

/// Shows all of a drawing of this size, on paper only.
pub(super) fn printed((width, height): (f64, f64)) -> Markup {
    html! { svg.printed aria-hidden="true" viewBox={ "0 0 " (width.ceil()) " " (height.ceil()) } { (copy()) } }
}

/// The buttons that change what is in sight, and the map of the whole.
pub(super) fn controls(place: &Here<'_>, (width, height): (f64, f64), asked: Area, zoom: Zoom) -> Markup {
    let [smaller, larger] = zoom.beside();
    let button = |scale: Option<u16>, sign: &str, word: &str, act: &str| {
        html! {
            @if let Some(scale) = scale {
                a.button href=(place.with(&[("zoom", &scale.to_string())])) aria-label=(word) title=(word) data-zoom=(act) { (sign) }
            }
        }
    };
    let scale = (MAP.0 / width).min(MAP.1 / height);
    html! {
        div.controls {
            // A small drawing is its own map.
            @if scale < 0.3 {
                svg.map aria-hidden="true" width=(tenth(width * scale)) height=(tenth(height * scale)) viewBox={ "0 0 " (width.ceil()) " " (height.ceil()) } {
                    (copy())
                    rect.here x=(tenth(asked.corner.0)) y=(tenth(asked.corner.1)) width=(asked.size.0) height=(asked.size.1) {}
                }
            }
            (button(larger, "+", "Larger", "in")) (button(smaller, "−", "Smaller", "out"))
            @if zoom != Zoom::Fit { a.button href=(place.with(&[("zoom", "fit")])) title="Show all of it" data-zoom="fit" { "Fit" } }
            @else { a.button href=(place.with(&[("zoom", "")])) title="So large that it can be read" data-zoom="read" { "Read" } }
        }
    }
}

/// Returns a number to a tenth, as short as it can be written.
pub(super) fn tenth(number: f64) -> f64 {
    // A zero has no sign.
    (number * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_about_is_whole_in_any_frame_that_is_larger_and_all_is_where_there_is_room() {
        for all in [200.0, 500.0, 3000.0] {
            for from in [MARGIN, all / 3.0, all - 150.0 - MARGIN] {
                let (share, moved) = hung(from, 150.0, all);
                for frame in [174.0, 350.0, 900.0, 4000.0] {
                    let zero = frame * share / 100.0 + moved;
                    let (begin, end) = (zero + from, zero + from + 150.0);
                    assert!(
                        begin >= MARGIN - 1e-6 && end <= frame - MARGIN + 1e-6,
                        "{all} {from} {frame}: {begin} to {end}"
                    );
                    if frame >= all {
                        assert!(zero >= -1e-6 && zero + all <= frame + 1e-6, "{all} {from} {frame}: from {zero}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_scale_is_one_of_those_that_there_are() {
        assert_eq!(Zoom::asked("fit"), Zoom::Fit);
        assert_eq!(["", "75", "1", "x"].map(Zoom::asked), [100, 75, 100, 100].map(Zoom::Scale));
        assert_eq!(Zoom::Scale(200).beside(), [Some(140), None]);
        assert_eq!(Zoom::Scale(40).beside(), [None, Some(55)]);
    }
}
