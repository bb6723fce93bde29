//! Reads the attribute's arguments; what cannot be read is a mistake, and the rest is read all the same.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprPath, Lit, Path};

use crate::check::{Mistakes, hint};
use crate::checks::Check;
use crate::duration;

/// The names of all arguments.
pub(crate) const NAMES: [&str; 15] = [
    "component",
    "inputs",
    "outputs",
    "params",
    "before",
    "after",
    "owner",
    "description",
    "tags",
    "kind",
    "id",
    "profile",
    "subject",
    "stale_after",
    "crate",
];

/// The words for kinds, and the variants that they stand for.
pub(crate) const KINDS: [(&str, &str); 3] = [("model", "Model"), ("data", "Data"), ("endpoint", "Endpoint")];

/// What an attribute says.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) component: Option<Expr>,
    pub(crate) inputs: Vec<Expr>,
    pub(crate) outputs: Vec<Expr>,
    pub(crate) params: Vec<Expr>,
    pub(crate) before: Vec<Check>,
    pub(crate) after: Vec<Check>,
    pub(crate) owner: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) tags: Vec<Expr>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) ids: Vec<Expr>,
    pub(crate) profiles: Vec<Expr>,
    pub(crate) subjects: Vec<Expr>,
    pub(crate) stale_after_s: Option<i64>,
    pub(crate) krate: Option<Path>,
}

/// `model = [x]`, one artifact of it.
pub(crate) struct Kind {
    /// The variant, such as `Model`.
    pub(crate) variant: &'static str,
    pub(crate) artifact: Expr,
}

/// Reads the arguments between the attribute's parentheses.
pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Args {
    let mut args = Args::default();
    let mut seen: Vec<String> = Vec::new();
    for part in split(tokens, mistakes) {
        let Some(TokenTree::Ident(name)) = part.first() else {
            mistakes.at(&part.first(), wants_a_name(&part));
            continue;
        };
        let key = name.unraw().to_string();
        if !NAMES.contains(&key.as_str()) {
            let near = hint(&key, NAMES.iter().copied());
            mistakes.at(name, format!("`{key}` is no argument of `register`{near}"));
            continue;
        }
        if seen.contains(&key) {
            mistakes.at(name, format!("`{key}` is given twice"));
            continue;
        }
        if let Err(error) = args.read(&key, name, part.iter().skip(1).cloned().collect(), mistakes) {
            mistakes.take(error);
        }
        seen.push(key);
    }
    args
}

fn wants_a_name(part: &[TokenTree]) -> String {
    match part {
        [TokenTree::Literal(text)] => {
            format!("the arguments of `register` have names: write `component = {text}`")
        }
        _ => format!("the arguments of `register` have names: one of {}", list(NAMES.iter().copied())),
    }
}

impl Args {
    /// Reads what follows the name `key`.
    fn read(&mut self, key: &str, name: &Ident, rest: TokenStream, mistakes: &mut Mistakes) -> syn::Result<()> {
        match key {
            "component" => self.component = Some(text(key, name, rest)?),
            "owner" => self.owner = Some(text(key, name, rest)?),
            "description" => self.description = Some(text(key, name, rest)?),
            "tags" => {
                for tag in exprs(key, name, rest)? {
                    match constant_text(&tag) {
                        true => self.tags.push(tag),
                        false => mistakes.at(&tag, wants_text(&tag)),
                    }
                }
            }
            "inputs" => self.inputs = exprs(key, name, rest)?,
            "outputs" => self.outputs = exprs(key, name, rest)?,
            "params" => self.params = exprs(key, name, rest)?,
            "before" => self.before = exprs(key, name, rest)?.into_iter().map(Check::new).collect(),
            "after" => self.after = exprs(key, name, rest)?.into_iter().map(Check::new).collect(),
            "kind" => self.kinds = kinds(name, rest, mistakes)?,
            "id" => self.ids = exprs(key, name, rest)?,
            "profile" => self.profiles = exprs(key, name, rest)?,
            "subject" => self.subjects = exprs(key, name, rest)?,
            "stale_after" => self.stale_after_s = Some(stale_after(name, rest)?),
            _ => self.krate = Some(after_equals(key, name, rest, "mltrace", Path::parse_mod_style)?),
        }
        Ok(())
    }
}

/// Splits at the commas that stand between arguments; one too many and one too few are mistakes.
fn split(tokens: TokenStream, mistakes: &mut Mistakes) -> Vec<Vec<TokenTree>> {
    let mut parts = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_assigned = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '=' && next.spacing() == Spacing::Alone);
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => match part.is_empty() {
                true => mistakes.at(&token, "there is an argument missing before this `,`".to_owned()),
                false => parts.push(std::mem::take(&mut part)),
            },
            // `inputs = [a] outputs = [b]`: the value before it has ended.
            TokenTree::Ident(name) if is_assigned && ends_a_value(&part) => {
                let missing = format!("expected `,` before `{name}`");
                mistakes.at(name, missing);
                parts.push(std::mem::replace(&mut part, vec![token]));
            }
            _ => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Returns whether the tokens are an argument that may end here.
fn ends_a_value(part: &[TokenTree]) -> bool {
    part.len() > 1 && !matches!(part.last(), Some(TokenTree::Punct(_)))
}

/// Reads `= value`; an argument without it is a mistake on its name that shows an example.
fn after_equals<T>(
    key: &str,
    name: &Ident,
    rest: TokenStream,
    example: &str,
    value: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let mut tokens = rest.clone().into_iter();
    let is_equals = matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
    if !is_equals || tokens.next().is_none() {
        return Err(syn::Error::new(name.span(), format!("`{key}` wants a value: `{key} = {example}`")));
    }
    let parser = |input: ParseStream<'_>| {
        input.parse::<syn::Token![=]>()?;
        value(input)
    };
    parser.parse2(rest)
}

/// Reads `= "text"`, or a constant text.
fn text(key: &str, name: &Ident, rest: TokenStream) -> syn::Result<Expr> {
    let value = after_equals(key, name, rest, "\"…\"", Expr::parse)?;
    match &value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if key == "component" && text.value().trim().is_empty() => {
            Err(syn::Error::new(text.span(), "a component has a name"))
        }
        value if constant_text(value) => Ok(value.clone()),
        value => Err(syn::Error::new_spanned(value, wants_text(value))),
    }
}

/// Returns whether the expression may be a text that is known when compiling: a literal, a constant, `concat!(…)`.
fn constant_text(value: &Expr) -> bool {
    match value {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Str(_)),
        Expr::Macro(_) => true,
        Expr::Path(ExprPath { path, .. }) => {
            path.segments.last().is_some_and(|last| !last.ident.to_string().contains(char::is_lowercase))
        }
        Expr::Group(group) => constant_text(&group.expr),
        _ => false,
    }
}

fn wants_text(value: &Expr) -> String {
    match value {
        Expr::Path(ExprPath { path, .. }) if path.get_ident().is_some() => {
            let word = path.get_ident().map(ToString::to_string).unwrap_or_default();
            format!("this is a text or a constant: write `\"{word}\"`")
        }
        Expr::Lit(literal) => format!("this is a text or a constant: write `\"{}\"`", plain(&quote::quote!(#literal))),
        _ => "this is a text or a constant: write `\"…\"`".to_owned(),
    }
}

/// Reads `= [a, b]`.
fn exprs(key: &str, name: &Ident, rest: TokenStream) -> syn::Result<Vec<Expr>> {
    let example = if key == "tags" { "[\"…\"]" } else { "[…]" };
    after_equals(key, name, rest, example, |input| {
        let group: TokenTree = input.parse()?;
        match group {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && input.is_empty() => in_list(&group),
            first => {
                let mut value = TokenStream::from(first);
                value.extend(input.parse::<TokenStream>()?);
                let message = format!("`{key}` wants a list: `{key} = [{}]`", plain(&value));
                Err(syn::Error::new_spanned(value, message))
            }
        }
    })
}

fn in_list(group: &Group) -> syn::Result<Vec<Expr>> {
    let list = Punctuated::<Expr, syn::Token![,]>::parse_terminated;
    Ok(list.parse2(group.stream())?.into_iter().map(peeled).collect())
}

/// Takes off the invisible brackets that `macro_rules!` puts around what it was given.
fn peeled(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => peeled(*group.expr),
        value => value,
    }
}

/// Reads `(model = [x], data = [y])`.
fn kinds(name: &Ident, rest: TokenStream, mistakes: &mut Mistakes) -> syn::Result<Vec<Kind>> {
    let mut tokens = rest.into_iter();
    let (Some(TokenTree::Group(group)), None) = (tokens.next(), tokens.next()) else {
        return Err(syn::Error::new(name.span(), "`kind` wants kinds with their artifacts: `kind(model = […])`"));
    };
    let mut kinds = Vec::new();
    for part in split(group.stream(), mistakes) {
        let Some(TokenTree::Ident(word)) = part.first() else {
            mistakes.at(&part.first(), "`kind` wants kinds with their artifacts: `kind(model = […])`".to_owned());
            continue;
        };
        let key = word.to_string();
        let Some((_, variant)) = KINDS.iter().find(|(known, _)| *known == key) else {
            let near = hint(&key, KINDS.iter().map(|(known, _)| *known));
            mistakes.at(word, format!("`{key}` is no kind of artifact{near}"));
            continue;
        };
        match exprs(&key, word, part.iter().skip(1).cloned().collect()) {
            Ok(artifacts) => kinds.extend(artifacts.into_iter().map(|artifact| Kind { variant, artifact })),
            Err(error) => mistakes.take(error),
        }
    }
    Ok(kinds)
}

/// Reads `= "30 days"`.
fn stale_after(name: &Ident, rest: TokenStream) -> syn::Result<i64> {
    let value = after_equals("stale_after", name, rest, "\"30 days\"", Expr::parse)?;
    match peeled(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            duration::seconds(&text.value()).map_err(|message| syn::Error::new(text.span(), message))
        }
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            let message = format!("a duration has a unit: write `\"{number} days\"`");
            Err(syn::Error::new(number.span(), message))
        }
        value => Err(syn::Error::new_spanned(value, "this is a duration: write `\"30 days\"`")),
    }
}

/// Returns the tokens as a person would write them: operators between two operands stand free, all else is tight.
pub(crate) fn plain(tokens: &TokenStream) -> String {
    let mut text = String::new();
    let mut after = Token::Nothing;
    for token in tokens.clone() {
        let (part, kind) = match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let kind = if group.delimiter() == Delimiter::Brace { Token::Operand } else { Token::Group };
                (format!("{open}{}{close}", plain(&group.stream())), kind)
            }
            TokenTree::Punct(punct) => (punct.to_string(), kind_of(punct.as_char(), after)),
            token => (token.to_string(), Token::Operand),
        };
        let is_free = match (after, kind) {
            (Token::Comma | Token::Operator, Token::Operator) => after == Token::Comma,
            (Token::Comma | Token::Operator, _) | (Token::Operand | Token::Group, Token::Operator) => true,
            (Token::Operand, Token::Operand) | (Token::Group, Token::Operand) => true,
            _ => false,
        };
        if is_free {
            text.push(' ');
        }
        text.push_str(&part);
        after = kind;
    }
    text
}

/// What a token is to the one that follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Nothing,
    /// A name or a literal.
    Operand,
    /// Something in brackets, which may be an operand or belong to the one before it.
    Group,
    Comma,
    /// It stands between two operands.
    Operator,
    /// It belongs to what is beside it: `.`, `::`, `&`, `!`.
    Tight,
}

fn kind_of(punct: char, after: Token) -> Token {
    match punct {
        ',' => Token::Comma,
        '+' | '-' | '*' | '/' | '%' | '^' | '<' | '>' | '='
            if !matches!(after, Token::Nothing | Token::Tight | Token::Comma) =>
        {
            Token::Operator
        }
        _ => Token::Tight,
    }
}

/// Returns `a`, `b` and `c` in backticks.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use super::*;

    fn words(list: &[Expr]) -> Vec<String> {
        list.iter().map(|value| plain(&value.to_token_stream())).collect()
    }

    #[test]
    fn every_argument_is_read() {
        let mut mistakes = Mistakes::default();
        let args = parse(
            quote! {
                component = "cleaning", inputs = [raw, self.dir.join("in"), "lit"], outputs = [clean, return,],
                params = [month, n + 1], owner = TEAM, description = concat!("a", "b"), tags = ["etl"],
                kind(model = [clean], data = [raw]), stale_after = "1 day", crate = ::other::mltrace,
            },
            &mut mistakes,
        );
        assert!(mistakes.is_empty());
        assert_eq!(words(&args.inputs), ["raw", "self.dir.join(\"in\")", "\"lit\""]);
        assert_eq!(words(&args.outputs), ["clean", "return"]);
        assert_eq!(words(&args.params), ["month", "n + 1"]);
        assert!(args.component.is_some() && args.owner.is_some() && args.description.is_some() && args.krate.is_some());
        let kinds: Vec<_> = args.kinds.iter().map(|kind| kind.variant).collect();
        assert_eq!((kinds, args.stale_after_s, args.tags.len()), (vec!["Model", "Data"], Some(86_400), 1));
    }

    #[test]
    fn what_follows_a_mistake_is_read_all_the_same() {
        let mut mistakes = Mistakes::default();
        let args = parse(quote!(colour = 3, inputs = , "text", owner = 7, outputs = [clean]), &mut mistakes);
        assert_eq!(words(&args.outputs), ["clean"]);
        assert_eq!(mistakes.into_tokens().to_string().matches("compile_error").count(), 4);
    }

    #[test]
    fn a_comma_too_many_and_one_too_few_are_mistakes() {
        for (arguments, mistakes_of_it) in [
            (quote!(inputs = [a], outputs = [b],), 0),
            (quote!(kind(model = [a]), owner = TEAM,), 0),
            (quote!(inputs = [a] outputs = [b]), 1),
            (quote!(kind(model = [b]) outputs = [b]), 1),
            (quote!(owner = TEAM outputs = [b],, params = [c]), 2),
            (quote!(, outputs = [b]), 1),
        ] {
            let mut mistakes = Mistakes::default();
            let args = parse(arguments.clone(), &mut mistakes);
            let count = mistakes.into_tokens().to_string().matches("compile_error").count();
            assert_eq!(count, mistakes_of_it, "{arguments}");
            assert!(args.owner.is_some() || !args.outputs.is_empty(), "{arguments}");
        }
    }

    #[test]
    fn expressions_are_written_as_a_person_would() {
        for text in [
            "a",
            "a.b",
            "a.join(\"x\")",
            "&a[0]",
            "f(a, b)",
            "a + 1",
            "a::b(c)",
            "-1",
            "a == b",
            "a.iter().map(|x|x.y)",
            "f(&mut a, -1)",
            "&mut a",
            "vec![1, 2]",
            "!a",
            "*a",
        ] {
            assert_eq!(plain(&text.parse().unwrap()), text);
        }
    }
}
