//! The shapes of tokens that services issue: a prefix and what follows it.

use std::ops::Range;

/// A token of one service.
struct Shape {
    prefix: &'static [u8],
    /// What follows the prefix.
    letters: Letters,
    /// At least so many of them.
    least: usize,
    rule: Rule,
}

/// Which letters follow a prefix.
#[derive(Clone, Copy)]
enum Letters {
    /// Letters and digits.
    Plain,
    /// Capitals and digits.
    Capital,
    /// Letters, digits, `_` and `-`: the alphabet of base64 in addresses.
    Address,
    /// Hexadecimal digits.
    Hex,
    /// As `Address`, and dots.
    Dotted,
    /// As `Address`, and what else base64 has.
    Base,
}

/// What else a token must fulfil, so that words of people are not taken for one.
#[derive(Clone, Copy)]
enum Rule {
    /// The prefix and the length say enough.
    Length,
    /// It has exactly the least length.
    Exact,
    /// In an unbroken run of so many letters there is a digit, or capitals among small letters.
    Random(usize),
}

const fn shape(prefix: &'static str, letters: Letters, least: usize, rule: Rule) -> Shape {
    Shape { prefix: prefix.as_bytes(), letters, least, rule }
}

use Letters::{Address, Base, Capital, Dotted, Hex, Plain};
use Rule::{Exact, Length, Random};

/// Amazon, Google, age.
const CAPITAL_A: &[Shape] = &[
    shape("AKIA", Capital, 16, Exact),
    shape("ASIA", Capital, 16, Exact),
    shape("ABIA", Capital, 16, Exact),
    shape("ACCA", Capital, 16, Exact),
    shape("AIza", Address, 30, Length),
    shape("AGE-SECRET-KEY-1", Capital, 40, Length),
    shape("ATATT3", Base, 60, Length),
    shape("ATCTT3", Base, 60, Length),
    shape("ATBB", Plain, 32, Random(30)),
    shape("ABSK", Base, 80, Length),
    shape("AKCp", Plain, 60, Length),
];
/// Google's client secrets.
const CAPITAL_G: &[Shape] = &[shape("GOCSPX-", Address, 20, Length)];
/// SendGrid.
const CAPITAL_S: &[Shape] = &[shape("SG.", Dotted, 40, Random(12)), shape("SK", Hex, 32, Exact)];
/// Hugging Face organisations.
const A: &[Shape] = &[shape("api_org_", Plain, 30, Random(30)), shape("apify_api_", Plain, 30, Length)];
/// DigitalOcean, Docker, Databricks.
const D: &[Shape] = &[
    shape("dop_v1_", Hex, 40, Length),
    shape("doo_v1_", Hex, 40, Length),
    shape("dckr_pat_", Address, 20, Length),
    shape("dapi", Hex, 32, Length),
    shape("dor_v1_", Hex, 40, Length),
    shape("dckr_oat_", Address, 20, Length),
    shape("dp.pt.", Plain, 40, Length),
    shape("dp.st.", Dotted, 40, Random(30)),
    shape("dt0c01.", Dotted, 60, Length),
];
/// GitHub, GitLab, Grafana, Groq.
const G: &[Shape] = &[
    shape("ghp_", Plain, 20, Length),
    shape("gho_", Plain, 20, Length),
    shape("ghs_", Plain, 20, Length),
    shape("ghu_", Plain, 20, Length),
    shape("ghr_", Plain, 20, Length),
    shape("github_pat_", Address, 20, Length),
    shape("glpat-", Address, 20, Length),
    shape("glptt-", Address, 20, Length),
    shape("gldt-", Address, 20, Length),
    shape("glrt-", Address, 20, Length),
    shape("glcbt-", Address, 20, Length),
    shape("glsoat-", Address, 20, Length),
    shape("glsa_", Address, 32, Length),
    shape("gsk_", Plain, 32, Length),
    shape("glft-", Address, 20, Length),
    shape("glimt-", Address, 20, Length),
    shape("glagent-", Address, 40, Length),
    shape("gloas-", Address, 40, Length),
    shape("glc_", Base, 32, Random(20)),
];
/// Hugging Face.
const H: &[Shape] = &[
    shape("hf_", Plain, 30, Random(30)),
    shape("hvs.", Address, 24, Random(10)),
    shape("hvb.", Address, 24, Random(10)),
    shape("hvr.", Address, 24, Random(10)),
];
/// Linear.
const L: &[Shape] = &[
    shape("lin_api_", Plain, 32, Length),
    shape("lsv2_pt_", Address, 32, Length),
    shape("lsv2_sk_", Address, 32, Length),
];
/// npm, NVIDIA.
const N: &[Shape] = &[
    shape("npm_", Plain, 30, Random(30)),
    shape("nvapi-", Address, 40, Length),
    shape("napi_", Plain, 40, Length),
    shape("ntn_", Plain, 40, Length),
];
/// PyPI, Perplexity.
const P: &[Shape] = &[
    shape("pypi-", Address, 32, Random(16)),
    shape("pplx-", Plain, 40, Length),
    shape("pul-", Hex, 40, Length),
    shape("pscale_tkn_", Address, 32, Length),
    shape("pscale_pw_", Address, 32, Length),
    shape("pscale_oauth_", Address, 32, Length),
];
/// Stripe, Replicate.
const R: &[Shape] = &[
    shape("rk_live_", Plain, 16, Length),
    shape("rk_test_", Plain, 16, Length),
    shape("r8_", Plain, 30, Random(30)),
    shape("rubygems_", Hex, 48, Length),
];
/// Anthropic, OpenAI and those who took over its form; Stripe, Shopify.
const S: &[Shape] = &[
    shape("sk-ant-", Address, 20, Random(8)),
    shape("sk-proj-", Address, 20, Random(8)),
    shape("sk-svcacct-", Address, 20, Random(8)),
    shape("sk-admin-", Address, 20, Random(8)),
    shape("sk-or-", Address, 20, Random(8)),
    shape("sk-", Address, 20, Random(16)),
    shape("sk_live_", Plain, 16, Length),
    shape("sk_test_", Plain, 16, Length),
    shape("shpat_", Hex, 32, Length),
    shape("shpss_", Hex, 32, Length),
    shape("shpca_", Hex, 32, Length),
    shape("sk-lf-", Address, 20, Random(8)),
    shape("sk_prod_", Plain, 16, Length),
    shape("shppa_", Hex, 32, Length),
    shape("sntryu_", Hex, 40, Length),
    shape("sntrys_", Base, 60, Length),
    shape("sbp_", Hex, 40, Length),
    shape("sb_secret_", Address, 20, Length),
    shape("sq0atp-", Address, 20, Length),
    shape("sq0csp-", Address, 30, Length),
    shape("sgp_", Address, 40, Length),
];
/// Stripe's webhooks.
const W: &[Shape] = &[shape("whsec_", Plain, 24, Length), shape("wandb_v1_", Address, 40, Length)];
/// Slack.
const X: &[Shape] = &[
    shape("xoxa-", Address, 10, Random(5)),
    shape("xoxb-", Address, 10, Random(5)),
    shape("xoxe-", Address, 10, Random(5)),
    shape("xoxo-", Address, 10, Random(5)),
    shape("xoxp-", Address, 10, Random(5)),
    shape("xoxr-", Address, 10, Random(5)),
    shape("xoxs-", Address, 10, Random(5)),
    shape("xapp-", Address, 20, Random(5)),
    shape("xoxc-", Address, 10, Random(5)),
    shape("xoxd-", Address, 10, Random(5)),
    shape("xai-", Plain, 60, Length),
    shape("xkeysib-", Hex, 60, Length),
];
/// Fly; Tailscale, Together; Mailgun; Cerebras; Heroku; Alibaba; New Relic; Postman.
const F: &[Shape] = &[shape("fo1_", Address, 40, Length), shape("fm2_", Base, 100, Length)];
const T: &[Shape] = &[shape("tskey-", Address, 20, Random(8)), shape("tgp_v1_", Address, 40, Length)];
const K: &[Shape] = &[shape("key-", Hex, 32, Exact)];
const C: &[Shape] = &[shape("csk-", Plain, 40, Length)];
const CAPITAL_H: &[Shape] = &[shape("HRKU-", Address, 36, Length)];
const CAPITAL_L: &[Shape] = &[shape("LTAI", Plain, 20, Random(20))];
const CAPITAL_N: &[Shape] = &[shape("NRAK-", Capital, 27, Exact)];
const CAPITAL_P: &[Shape] = &[shape("PMAK-", Address, 59, Random(24))];
/// Google's short-lived access tokens.
const Y: &[Shape] = &[shape("ya29.", Address, 20, Length)];

const fn starting_with(byte: u8) -> &'static [Shape] {
    match byte {
        b'A' => CAPITAL_A,
        b'G' => CAPITAL_G,
        b'S' => CAPITAL_S,
        b'H' => CAPITAL_H,
        b'L' => CAPITAL_L,
        b'N' => CAPITAL_N,
        b'P' => CAPITAL_P,
        b'a' => A,
        b'c' => C,
        b'd' => D,
        b'f' => F,
        b'g' => G,
        b'h' => H,
        b'k' => K,
        b'l' => L,
        b'n' => N,
        b'p' => P,
        b'r' => R,
        b's' => S,
        b't' => T,
        b'w' => W,
        b'x' => X,
        b'y' => Y,
        _ => &[],
    }
}

/// Returns the token that begins at `at`, which must be the beginning of a word.
pub(super) fn token_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = bytes.get(at..)?;
    let first = rest.first()?;
    let length = match first {
        b'e' => json_web_token(rest),
        b'b' if rest.starts_with(b"bot") && rest.get(3).is_some_and(u8::is_ascii_digit) => {
            bot_token(rest.get(3..)?).map(|length| length.saturating_add(3))
        }
        b'B' | b'b' => return bearer(rest).map(|token| at.saturating_add(token.start)..at.saturating_add(token.end)),
        b'0'..=b'9' => bot_token(rest),
        _ => starting_with(*first).iter().find_map(|shape| shape.length(rest)),
    };
    let length = length.map(|length| at..at.saturating_add(length));
    length.or_else(|| webhook(rest).map(|token| at.saturating_add(token.start)..at.saturating_add(token.end)))
}

/// Addresses whose path lets one in.
const WEBHOOKS: &[&str] = &[
    "hooks.slack.com/services/",
    "hooks.slack.com/workflows/",
    "hooks.slack.com/triggers/",
    "hooks.zapier.com/hooks/catch/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "webhook.office.com/webhookb2/",
    "outlook.office.com/webhook/",
    "maker.ifttt.com/trigger/",
    "open.feishu.cn/open-apis/bot/v2/hook/",
    "open.larksuite.com/open-apis/bot/v2/hook/",
    "hc-ping.com/",
];

/// Returns what of a webhook's address lets one in.
fn webhook(rest: &[u8]) -> Option<Range<usize>> {
    if !matches!(rest.first(), Some(b'h' | b'd' | b'w' | b'o' | b'm')) {
        return None;
    }
    let known = WEBHOOKS
        .iter()
        .find(|known| rest.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes())))?;
    let token = run(rest.get(known.len()..)?, |byte| is_address(byte) || matches!(byte, b'/' | b'@' | b'.' | b'%'));
    (token.len() >= 8).then(|| known.len()..known.len().saturating_add(token.len()))
}

/// `123456789:…`, the token of a bot of Telegram; the address of its calls has it behind `bot`.
fn bot_token(rest: &[u8]) -> Option<usize> {
    let digits = run(near(rest), |byte| byte.is_ascii_digit()).len();
    if !(8..=11).contains(&digits) || rest.get(digits) != Some(&b':') {
        return None;
    }
    let from = digits.saturating_add(1);
    let token = run(near(rest.get(from..)?), is_address);
    (matches!(token.len(), 34..=36) && is_random(token, 8)).then(|| from.saturating_add(token.len()))
}

impl Shape {
    fn length(&self, rest: &[u8]) -> Option<usize> {
        let rest = rest.strip_prefix(self.prefix)?;
        let token = run(near(rest), |byte| self.letters.hold(byte));
        let fits = match self.rule {
            Rule::Length => token.len() >= self.least,
            Rule::Exact => token.len() == self.least,
            Rule::Random(least) => token.len() >= self.least && is_random(token, least),
        };
        fits.then(|| self.prefix.len().saturating_add(run(rest, |byte| self.letters.hold(byte)).len()))
    }
}

impl Letters {
    fn hold(self, byte: u8) -> bool {
        match self {
            Self::Plain => byte.is_ascii_alphanumeric(),
            Self::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Address => is_address(byte),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Base => is_address(byte) || matches!(byte, b'+' | b'/' | b'='),
            Self::Dotted => is_address(byte) || byte == b'.',
        }
    }
}

fn is_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How far is looked to decide.
const NEAR: usize = 256;

/// The same for a JSON web token, whose first part may hold a certificate.
const FAR: usize = 1024;

/// Returns as much of `rest` as decides whether a token begins here: text made of prefixes only must not cost a look at
/// all that follows for each of them.
fn near(rest: &[u8]) -> &[u8] {
    rest.get(..NEAR).unwrap_or(rest)
}

/// Returns what `rest` begins with of bytes that `hold`.
pub(super) fn run(rest: &[u8], hold: impl Fn(u8) -> bool) -> &[u8] {
    let end = rest.iter().position(|byte| !hold(*byte)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Returns whether `text` has a run of at least `least` letters and digits that no person's word looks like.
pub(super) fn is_random(text: &[u8], least: usize) -> bool {
    text.split(|byte| !byte.is_ascii_alphanumeric()).any(|run| {
        let has = |kind: fn(&u8) -> bool| run.iter().any(kind);
        // A single capital in front begins a word.
        let is_mixed = || run.iter().skip(1).any(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        run.len() >= least && (has(u8::is_ascii_digit) || is_mixed())
    })
}

/// Returns whether this can be no word, name or type: digits stand in two places of a run of twelve letters.
pub(super) fn is_scrambled(text: &[u8]) -> bool {
    const LEAST: usize = 12;
    let is_digit = u8::is_ascii_digit;
    let mut rest = text;
    // No run of so many letters reaches over a sign, and what stands before the last sign is not looked at.
    while let Some(near) = rest.get(..LEAST) {
        let length = match near.iter().rposition(|byte| !byte.is_ascii_alphanumeric()) {
            Some(sign) => sign.saturating_add(1),
            None => {
                let run = run(rest, |byte| byte.is_ascii_alphanumeric());
                let parts = run.chunk_by(|a, b| is_digit(a) == is_digit(b));
                if parts.filter(|part| part.first().is_some_and(is_digit)).count() > 1 {
                    return true;
                }
                run.len()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// `eyJ….….…`: three parts or more, the first of which is a JSON object in base64.
fn json_web_token(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let token = run(rest.get(..FAR).unwrap_or(rest), |byte| Letters::Dotted.hold(byte));
    let mut parts = token.split(|byte| *byte == b'.');
    let mut is_long = |least: usize| parts.next().is_some_and(|part| part.len() >= least);
    // The last part is empty when the token is not signed.
    let fits = is_long(10) && is_long(8) && (token.len() == FAR || is_long(0));
    fits.then(|| run(rest, |byte| Letters::Dotted.hold(byte)).len())
}

/// `Bearer` and a token of any kind: the token.
fn bearer(rest: &[u8]) -> Option<Range<usize>> {
    const WORD: usize = "bearer ".len();
    let word = rest.get(..WORD).filter(|word| word.eq_ignore_ascii_case(b"bearer "))?;
    let rest = rest.get(word.len()..)?;
    let token = run(near(rest), is_token_68);
    // With a capital it is the scheme of a header, and no person.
    let (least, least_run) = if word.starts_with(b"B") { (8, 6) } else { (16, 8) };
    let fits = token.len() >= least && is_random(token, least_run);
    fits.then(|| WORD..WORD.saturating_add(run(rest, is_token_68).len()))
}

/// The letters of a token in an `Authorization` header.
pub(super) fn is_token_68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Returns the private key in PEM that begins at `at`, to its last line or, without one, to the end of the text.
pub(super) fn private_key_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let label = rest.strip_prefix("-----BEGIN ")?;
    let (label, _) = label.split_once("-----")?;
    if label.len() > 64 || !label.contains("PRIVATE KEY") {
        return None;
    }
    let end = rest.find("-----END ").and_then(|end| {
        let last = rest.get(end..)?.get("-----END ".len()..)?;
        let dashes = last.find("-----")?;
        Some(end.saturating_add("-----END ".len()).saturating_add(dashes).saturating_add(5))
    });
    Some(at..at.saturating_add(end.unwrap_or(rest.len())))
}
