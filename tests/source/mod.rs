//! A small reader of Rust source: enough to find functions and the rooms that a file names, without a parser.

mod cycles;

pub(crate) use cycles::Modules;

/// Returns the source with comments and the insides of literals blanked out, line by line as before.
pub(crate) fn without_text(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let end = match (c, next) {
            ('/', Some('/')) => end_of_line(&chars, at),
            ('/', Some('*')) => end_of_block_comment(&chars, at),
            ('"', _) => end_of_string(&chars, at),
            ('r', Some('"' | '#')) if !is_in_word(&code) => end_of_raw_string(&chars, at),
            ('b', Some('r')) if !is_in_word(&code) => end_of_raw_string(&chars, at + 1),
            ('\'', _) => end_of_char(&chars, at),
            _ => at,
        };
        if end == at {
            code.push(c);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

fn is_in_word(code: &str) -> bool {
    code.ends_with(is_word)
}

/// Returns whether a name stands in code that has gone through [`without_text`].
pub(crate) fn holds_word(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(place, _)| !is_in_word(&code[..place]) && !code[place + word.len()..].starts_with(is_word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn end_of_line(chars: &[char], start: usize) -> usize {
    chars[start..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| start + length)
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < chars.len() {
        match chars.get(at..at + 2) {
            Some(['/', '*']) => depth += 1,
            Some(['*', '/']) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(c) = chars.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// Returns where the raw string ends whose `r` is at `start`, or `start` when none begins there.
fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let closes = |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    (open + 1..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |at| at + 1 + hashes)
}

/// Returns where the character ends that opens at `start`, or `start` when it is a lifetime.
fn end_of_char(chars: &[char], start: usize) -> usize {
    match chars.get(start + 1..start + 3) {
        Some(['\\', _]) => {
            chars[start + 3..].iter().position(|c| *c == '\'').map_or(chars.len(), |length| start + 3 + length + 1)
        }
        Some([_, '\'']) => start + 3,
        _ => start,
    }
}

/// A function with a body.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// How many lines of code it has, from its `fn` to its last brace.
    pub(crate) lines: usize,
}

/// The functions of a file, in the order in which they begin.
pub(crate) struct Functions<'c> {
    code: &'c str,
    at: usize,
}

impl<'c> Functions<'c> {
    /// Reads code that has gone through [`without_text`].
    pub(crate) fn of(code: &'c str) -> Self {
        Self { code, at: 0 }
    }
}

impl Iterator for Functions<'_> {
    type Item = Function;

    fn next(&mut self) -> Option<Function> {
        loop {
            let start = self.at + self.code[self.at..].find("fn ")?;
            self.at = start + 3;
            let name: String = self.code[self.at..].chars().take_while(|c| is_word(*c)).collect();
            if is_in_word(&self.code[..start]) || name.is_empty() {
                continue;
            }
            let Some(body) = find_body(&self.code[self.at..]) else { continue };
            let line = self.code[..start].matches('\n').count() + 1;
            let lines = self.code[start..=self.at + body].lines().filter(|line| !line.trim().is_empty()).count();
            return Some(Function { name, line, lines });
        }
    }
}

/// Returns where the body ends of the function whose signature `code` begins with; `None`: it has no body.
fn find_body(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (place, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            // `[u8; 4]` in a signature is no end.
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(place);
                }
            }
            _ => {}
        }
    }
    None
}

/// A room that a file names.
pub(crate) struct RoomPath {
    /// The room.
    pub(crate) room: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// Returns the first step of every path that starts with `crate::`, also of those in `use crate::{…}`.
pub(crate) fn crate_paths(code: &str) -> Vec<RoomPath> {
    let mut found = Vec::new();
    for (start, marker) in code.match_indices("crate::") {
        let line = code[..start].matches('\n').count() + 1;
        let rest = &code[start + marker.len()..];
        let first_word = |text: &str| text.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>();
        let rooms = match rest.strip_prefix('{') {
            Some(group) => split_group(group).into_iter().map(first_word).collect(),
            None => vec![first_word(rest)],
        };
        found.extend(rooms.into_iter().filter(|room| !room.is_empty()).map(|room| RoomPath { room, line }));
    }
    found
}

/// Splits the inside of a `use` group at its own commas.
fn split_group(group: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn text_is_no_code() {
    let source = "let a = \"{ // \\\" }\"; // {\nlet b = r#\"{\"}\"#; /* { /* { */ } */ let c = '{'; fn f<'a>() {}";
    let code = without_text(source);
    assert_eq!(code.lines().count(), 2);
    assert_eq!(code.matches(['{', '}']).count(), 2, "{code}");
}

#[test]
fn functions_are_found_with_their_length() {
    let code = without_text(
        "trait T { fn none(a: [u8; 4]); }\nfn two() {\n// a word\n}\nconst fn three<T>(t: T)\n{ if t {} else {}\n}\n",
    );
    let found: Vec<_> = Functions::of(&code).map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(found, [("two".to_owned(), 2, 2), ("three".to_owned(), 5, 3)]);
}

#[test]
fn rooms_are_found_in_groups() {
    let code = without_text("use crate::{model::{Run, Status}, store};\nlet x = crate::query::trace();");
    let found: Vec<_> = crate_paths(&code).into_iter().map(|path| (path.room, path.line)).collect();
    assert_eq!(found, [("model".to_owned(), 1), ("store".to_owned(), 1), ("query".to_owned(), 2)]);
}
