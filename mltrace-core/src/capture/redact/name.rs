//! Which names of parameters and settings say that their value is a secret.

/// Returns whether a parameter of this name holds a secret.
///
/// Names are read word by word, in snake, kebab or camel case: `db_password`, `apiKey` and `GITHUB_TOKEN` hold one;
/// `tokenizer`, `max_tokens`, `pad_token_id` and `primary_key` do not.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let holds_token = name.as_bytes().windows(5).any(|part| part.eq_ignore_ascii_case(b"token"));
    // Most names hold none, and then nobody needs to know which words stand before it.
    let mut seen = Seen { is_other_token: !holds_token, ..Seen::default() };
    for word in (Words { rest: name }) {
        if seen.take(word) {
            return true;
        }
    }
    seen.is_secret_at_end()
}

/// Words that are a secret wherever they stand in a name.
const SECRETS: &str = "\
    password passwords passwd passphrase secret secrets credential credentials apikey apikeys privatekey pgpassword";

/// What may stand before `token` for it to be a secret: how the token is used, or the service that issued it.
const BEFORE_TOKEN: &str = "\
    access auth api bearer refresh session oauth jwt personal private hf hugging face huggingface hub git \
    github gh gitlab gl bitbucket slack openai anthropic aws azure gcp google npm pypi cargo wandb mlflow \
    neptune comet clearml databricks snowflake docker dockerhub kaggle telegram discord twilio stripe sentry \
    datadog vault jira cloudflare heroku dropbox notion replicate cohere mistral groq vercel digitalocean \
    influx influxdb grafana consul nomad terraform tf motherduck prefect dagster airflow dbt circleci \
    codecov gitea artifactory pinecone weaviate qdrant";

/// What stands before `key` when the key opens something; only at the end of a name (`access_key_id` opens nothing).
const BEFORE_LAST_KEY: &str = "\
    access account shared signing encryption master secret";

/// What may stand before a last `pass`.
const BEFORE_LAST_PASS: &str = "\
    db database user admin root smtp imap mail email ftp sftp ssh ldap redis mysql mongo postgres pg rabbitmq registry \
    keystore";

/// What was read of a name so far.
#[derive(Default)]
struct Seen<'a> {
    words: usize,
    last: &'a str,
    before_last: &'a str,
    /// Whether any word before the last is none of those that may stand before `token`.
    is_other_token: bool,
}

impl<'a> Seen<'a> {
    /// Takes the next word; returns whether the name is a secret whatever follows.
    fn take(&mut self, word: &'a str) -> bool {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        if self.words > 0 && !self.is_other_token && !is_any(self.last, BEFORE_TOKEN) {
            self.is_other_token = true;
        }
        self.words = self.words.saturating_add(1);
        self.before_last = self.last;
        self.last = word;
        let is_key = is(word, "key") || is(word, "keys");
        is_any(word, SECRETS) || (is_key && (is(self.before_last, "api") || is(self.before_last, "private")))
    }

    fn is_secret_at_end(&self) -> bool {
        let is_token = is(self.last, "token") && !self.is_other_token;
        let is_key = is(self.last, "key") && is_any(self.before_last, BEFORE_LAST_KEY);
        // On its own `pass` is one of several.
        let is_pass = is(self.last, "pass") && is_any(self.before_last, BEFORE_LAST_PASS);
        // On its own `pwd` is the working directory.
        is_token || is_key || is_pass || (is(self.last, "pwd") && self.words > 1)
    }
}

fn is(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

fn is_any(word: &str, others: &str) -> bool {
    others.split(' ').any(|other| is(word, other))
}

/// The words of a name: runs of letters or of digits, parted again where camel case starts a word.
struct Words<'a> {
    rest: &'a str,
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
            wandb_api_token hugging_face_token oauth2_token access_key AccountKey SharedAccessKey db_pwd \
            passphrase _token_ PGPASSWORD db_pass SMTP_PASS dbPass"
            .split(' ')
        {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_secrets_survive() {
        for name in "\
            _ 7 tokenizer tokenizer_name max_tokens maxTokens num_tokens pad_token_id cls_token pad_token \
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
}
