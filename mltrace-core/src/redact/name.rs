//! Which names of parameters and settings say that their value is a secret.

use super::known::Known;
use super::plain::is_plain;
use super::shape::is_scrambled;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A secret, whatever it looks like.
    Secret,
    /// A secret, unless it is a number or a truth value: `pass` is also one of several, `auth` may be switched on.
    Maybe,
    /// A secret if it looks drawn by lot: `key` is also what rows are sorted by, `eos_token` a piece of text.
    Scrambled,
    /// A secret if it gives something to a name, or looks drawn by lot: `session=…` in a header, but not `oatmeal`.
    Cookie,
    /// None.
    Nothing,
}

impl Holds {
    /// Returns whether this value of such a name is a secret.
    pub(super) fn fits(self, value: &str) -> bool {
        match self {
            Self::Secret => true,
            Self::Maybe => !is_plain(value),
            Self::Scrambled => is_scrambled(value.as_bytes()),
            Self::Cookie => value.find('=').is_some_and(|at| at > 0) || is_scrambled(value.as_bytes()),
            Self::Nothing => false,
        }
    }
}

/// Returns whether a parameter of this name holds a secret, whatever its value looks like.
///
/// Names are read word by word, in snake, kebab or camel case: `db_password`, `apiKey` and `GITHUB_TOKEN` hold one;
/// `tokenizer`, `max_tokens`, `pad_token_id` and `primary_key` do not.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    holds(name) == Holds::Secret
}

/// Returns what the value of a parameter of this name is.
pub(super) fn holds(name: &str) -> Holds {
    let holds_token = name.as_bytes().windows(5).any(|part| part.eq_ignore_ascii_case(b"token"));
    // Most names hold none, and then nobody needs to know which words stand before it.
    let mut seen = Seen { is_other_token: !holds_token, ..Seen::default() };
    for word in (Words { rest: name }) {
        if seen.take(word) {
            return Holds::Secret;
        }
    }
    seen.at_end()
}

/// Returns whether the option of this name, without its dashes, is followed by a secret: a parameter's name, or one that
/// only on a command line means nothing else.
pub(super) fn is_secret_option(name: &str) -> bool {
    let mut words = Words { rest: name };
    let first = words.next().unwrap_or_default();
    let last = words.last().unwrap_or(first);
    // `--password-stdin` and `--token-file` say where the secret lies, `--no-password` that there is none.
    if is_any(last, "stdin file path prompt env") || (last != first && is_any(first, "no ask prompt")) {
        return false;
    }
    OPTIONS.has(name) || matches!(holds(name), Holds::Secret | Holds::Maybe)
}

/// Options that are followed by a secret, beside those that parameters are called.
static OPTIONS: Known = Known::new(
    "\
    key keypass storepass authkey userkey user-key passin passout pin otp totp otp-code mfa-code oauth2-bearer sas cred",
);

/// Words that are a secret wherever they stand in a name.
static SECRETS: Known = Known::new(
    "\
    password passwords passwd passphrase secret secrets credential credentials apikey apikeys privatekey pgpassword \
    authtoken accesskey accountkey sharedkey secretkey identitytoken accesstoken storepass keypass askpass userpass \
    userpwd passcode sshpass mysqlpwd requirepass masterauth tlspassword creds apitoken dbpass dbpwd dbpassword presharedkey \
    encryptkey encryptionkey",
);

/// How a token or a key is used: what may stand before `token` for it to be a secret.
static USES: Known = Known::new(
    "\
    access auth api bearer refresh session oauth jwt personal private app bot csrf xsrf deploy runner registry service \
    upload identity id sas root admin x my secret master",
);

/// Those that mean nothing else, whatever stands before them.
static OPENING_USES: Known = Known::new("access auth api bearer refresh oauth jwt");

/// Services that issue tokens and keys.
static SERVICES: Known = Known::new(
    "\
    hf hugging face huggingface hub git github gh gitlab gl bitbucket slack openai anthropic aws azure gcp google npm pypi \
    cargo wandb mlflow neptune comet clearml databricks snowflake docker dockerhub kaggle telegram discord twilio stripe \
    sentry datadog vault jira atlassian cloudflare heroku dropbox notion replicate cohere mistral groq vercel digitalocean \
    influx influxdb grafana consul nomad terraform tf motherduck prefect dagster airflow dbt circleci codecov gitea \
    artifactory pinecone weaviate qdrant gemini xai deepseek together fireworks perplexity voyage jina langsmith langfuse \
    sendgrid mailgun ngrok tailscale pulumi newrelic elevenlabs runpod lambda modal supabase neon",
);

/// What stands before `key` when the key opens something; only at the end of a name (`access_key_id` opens nothing).
static BEFORE_LAST_KEY: Known = Known::new(
    "\
    access account shared preshared signing encryption encrypt master secret auth jwt hmac subscription functions function app application \
    service license deploy admin storage",
);

/// What may stand before `pass` that makes it one of several.
static OTHER_PASSES: Known =
    Known::new("forward backward high low band all by n num one two single multi first second last render");

/// A call with one of these words in its name is given the name of something, or what people read.
static LOOKUPS: Known = Known::new(
    "\
    var getenv env get read load fetch open file path find lookup expect context prompt ask input getpass include error err \
    panic bail anyhow print println eprintln info warn debug log exit is has needs require requires missing no",
);

/// What was read of a name so far.
#[derive(Default)]
struct Seen<'a> {
    words: usize,
    last: &'a str,
    before_last: &'a str,
    third_last: &'a str,
    /// Whether any word before the last is none of those that may stand before `token`.
    is_other_token: bool,
}

impl<'a> Seen<'a> {
    /// Takes the next word; returns whether the name is a secret whatever follows.
    fn take(&mut self, word: &'a str) -> bool {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        if self.words > 0 && !self.is_other_token && !USES.has(self.last) && !SERVICES.has(self.last) {
            self.is_other_token = true;
        }
        self.words = self.words.saturating_add(1);
        self.third_last = self.before_last;
        self.before_last = self.last;
        self.last = word;
        let is_key = is(word, "key") || is(word, "keys");
        // `fs.azure.account.key.ACCOUNT…`.
        let is_account = || is(self.third_last, "azure") && is(self.before_last, "account");
        let opens = || is(self.before_last, "api") || is(self.before_last, "private") || is_account();
        SECRETS.has(word) || (is_key && opens())
    }

    fn at_end(&self) -> Holds {
        let is_prefixed = self.words > 1;
        let ends = |before: &str, last: &str| is(self.before_last, before) && is(self.last, last);
        if is(self.last, "token") {
            // Whose token it is stands right before it: `model_hf_token`, `logger.github_token`.
            let is_issued = SERVICES.has(self.before_last) || OPENING_USES.has(self.before_last);
            return if self.is_other_token && !is_issued { Holds::Scrambled } else { Holds::Secret };
        }
        if is(self.last, "key") {
            let opens = BEFORE_LAST_KEY.has(self.before_last) || SERVICES.has(self.before_last);
            return match (is_prefixed, opens) {
                (true, true) => Holds::Secret,
                (true, false) => Holds::Nothing,
                (false, _) => Holds::Scrambled,
            };
        }
        // `client-key-data` is a private key in base64; `conn_str` holds the password of a database.
        let is_key_data = is(self.third_last, "client") && ends("key", "data");
        let is_connection = ends("conn", "str") || ends("conn", "string") || ends("connection", "string");
        if is_key_data
            || is_connection
            || is_any(self.last, "connstr jwt")
            || ends("access", "signature")
            || ends("sonar", "login")
        {
            return Holds::Secret;
        }
        let is_pass = is(self.last, "pass") && !(is_prefixed && OTHER_PASSES.has(self.before_last));
        let is_pwd = is(self.last, "pwd") && !is(self.before_last, "old");
        let is_pat = is_prefixed && is(self.last, "pat");
        if is_pass || is_pwd || is_pat || is_any(self.last, "pw auth authorization bearer psk") {
            return Holds::Maybe;
        }
        if is(self.last, "cookie") || is(self.last, "cookies") {
            return Holds::Cookie;
        }
        if is_any(self.last, "sig signature") && !is_prefixed { Holds::Scrambled } else { Holds::Nothing }
    }
}

/// Returns whether what is called so looks something up, or shows it.
pub(super) fn is_lookup(name: &str) -> bool {
    Words { rest: name }.any(|word| LOOKUPS.has(word))
}

fn is(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

fn is_any(word: &str, others: &str) -> bool {
    others.split(' ').any(|other| is(word, other))
}

/// The words of a name: runs of letters or of digits, parted again where camel case starts a word.
pub(super) struct Words<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let start = self.rest.trim_start_matches(|letter: char| !letter.is_alphanumeric());
        let mut letters = start.char_indices().peekable();
        let (_, mut before) = letters.next()?;
        let mut end = start.len();
        while let Some((at, letter)) = letters.next() {
            let after = letters.peek().map(|(_, letter)| *letter);
            if is_boundary(before, letter, after) {
                end = at;
                break;
            }
            before = letter;
        }
        let (word, rest) = start.split_at_checked(end)?;
        self.rest = rest;
        Some(word)
    }
}

/// Returns whether a word ends between `before` and `letter`: `api|Key`, `API|Key`, `password|2`.
fn is_boundary(before: char, letter: char, after: Option<char>) -> bool {
    if !letter.is_alphanumeric() {
        return true;
    }
    let starts_word = letter.is_uppercase() && (!before.is_uppercase() || after.is_some_and(char::is_lowercase));
    starts_word || before.is_numeric() != letter.is_numeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names_are_told_word_by_word() {
        for name in "\
            password db_password dbPassword DBPassword password2 PASSWORD passwd user-passwd secret \
            client_secret clientSecret aws_secret_access_key api_key apiKey APIKey apikey OPENAI_API_KEY \
            openai_api_key_v2 x-api-key private_key privateKey ssh_private_key_path credential credentials \
            google.credentials token TOKEN access_token accessToken auth-token api_token bearer_token \
            refreshToken session_token hf_token HFToken GITHUB_TOKEN GitHubToken aws_session_token \
            wandb_api_token hugging_face_token oauth2_token access_key AccountKey SharedAccessKey \
            passphrase _token_ PGPASSWORD OPENAI_KEY conn_str connectionString client-key-data id_token \
            SharedAccessSignature fs.azure.account.key.acct.dfs.core.windows.net"
            .split(' ')
        {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_secrets_survive() {
        for name in "\
            _ 7 tokenizer num_pass forward_pass OLDPWD pat pattern signature_count string_key conn tokenizer_name max_tokens maxTokens num_tokens pad_token_id cls_token pad_token \
            eos_token mask_token next_token token_type_ids token_count tokens user_id primary_key key keys \
            sort_key key_columns public_key keyboard access_key_id passage pass passes n_passes compass \
            secretary author authority api_version api_url private session credits accredited pwd cwd monkey \
            turkey hotkey tokenized_path detokenize special_tokens bpe_token é_token"
            .split(' ')
        {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(!is_secret_name(""));
    }

    #[test]
    fn names_with_two_meanings_are_told_from_those_with_one() {
        for name in "pass pw pwd auth bearer db_pass SMTP_PASS DB_PW dbPass db_pwd GH_PAT PROXY_AUTH".split(' ') {
            assert_eq!(holds(name), Holds::Maybe, "{name}");
        }
        for name in "cookie Set-Cookie HTTP_COOKIE sessionCookie cookies".split(' ') {
            assert_eq!(holds(name), Holds::Cookie, "{name}");
        }
        for name in "key eos_token token sig".split(' ').filter(|name| *name != "token") {
            assert_eq!(holds(name), Holds::Scrambled, "{name}");
        }
        for name in "sort_key primary_key n_pass forward_pass passes author authority keys tokens max_tokens".split(' ')
        {
            assert_eq!(holds(name), Holds::Nothing, "{name}");
        }
    }

    #[test]
    fn options_that_tell_where_a_secret_lies_are_followed_by_none() {
        for name in "password pass pw auth key token user-password api-key storepass authkey passin".split(' ') {
            assert!(is_secret_option(name), "{name}");
        }
        for name in
            "password-stdin token-file no-password key-column passes author tokenizer max-tokens user keys".split(' ')
        {
            assert!(!is_secret_option(name), "{name}");
        }
    }
}
