//! Which options of well-known commands are followed by a secret, where the name of the option alone does not say so.

/// What of the next word, or of the rest of this one, is a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    #[default]
    Nothing,
    /// All of it.
    Whole,
    /// What follows the colon of `user:password`.
    User,
    /// What follows the colon of `user:password@host`, with the host.
    Proxy,
    /// All of it, if it is no name of a file: `name=value`.
    Cookie,
    /// What follows the first `=`.
    Assigned,
    /// Nothing, but the word after it is a secret if this one is the name of one.
    Name,
}

/// Where the secret of a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// In the word after the option, or in the rest of its own word.
    Next,
    /// In the rest of the option's own word only: alone the option asks for the secret.
    Attached,
    /// In the words that are no options, apart from the first so many.
    Words(usize),
}

/// One option of some commands.
pub(super) struct Rule {
    pub(super) commands: &'static str,
    /// The word that must have come before, if one must.
    pub(super) after: &'static str,
    pub(super) options: &'static str,
    pub(super) place: Position,
    pub(super) kind: Kind,
}

const fn rule(commands: &'static str, after: &'static str, options: &'static str, place: Position, kind: Kind) -> Rule {
    Rule { commands, after, options, place, kind }
}

use Kind::{Assigned, Cookie, Name, Nothing, Proxy, User, Whole};
use Position::{Attached, Next, Words};

/// A command that takes none of these is named as well when another command starts it: `sshpass -p … ssh -p 22`.
pub(super) const RULES: &[Rule] = &[
    rule("mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mariadb mariadb-dump", "", "-p", Attached, Whole),
    rule("mycli pgcli litecli", "", "-p --pass", Next, Whole),
    rule("mongo mongosh mongodump mongorestore mongoexport mongoimport sshpass snowsql", "", "-p", Next, Whole),
    rule("curl", "", "-u -U --user --proxy-user", Next, User),
    rule("curl", "", "-E --cert --proxy-cert", Next, User),
    rule("curl", "", "-x --proxy --preproxy", Next, Proxy),
    rule("curl", "", "--tlspassword --proxy-tlspassword", Next, Whole),
    rule("curl", "", "-b --cookie", Next, Cookie),
    rule("http https xh xhs", "", "-a --auth", Next, Whole),
    rule("redis-cli valkey-cli keydb-cli", "", "-a --pass", Next, Whole),
    rule("docker podman nerdctl helm oras crane skopeo buildah", "login", "-p", Next, Whole),
    rule("skopeo", "", "--creds --src-creds --dest-creds", Next, User),
    rule("az oc cf", "login", "-p", Next, Whole),
    rule("openssl", "", "-k -K -passin -passout -pass", Next, Whole),
    rule("ssh-keygen", "", "-N -P", Next, Whole),
    rule("zip unzip zipcloak sqlcmd bcp mosquitto_pub mosquitto_sub", "", "-P", Next, Whole),
    rule("7z 7za 7zr 7zz", "", "-p", Attached, Whole),
    rule("rar unrar", "", "-p -hp", Attached, Whole),
    rule("ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami", "", "-w", Next, Whole),
    rule("useradd usermod", "", "-p", Next, Whole),
    rule("kaggle", "config", "-v", Next, Whole),
    rule("gh", "secret", "-b --body", Next, Whole),
    rule("aws", "", "--secret-string --secret-binary", Next, Whole),
    rule("aws", "put-parameter", "--value", Next, Whole),
    rule("az", "secret", "--value", Next, Whole),
    rule("databricks", "secrets", "--string-value --bytes-value", Next, Whole),
    rule("doctl", "auth", "-t", Next, Whole),
    rule("influx twine", "", "-t -p", Next, Whole),
    rule("smbclient", "", "-U", Next, User),
    rule("lftp", "", "-u", Next, Whole),
    rule("poetry", "publish", "-p", Next, Whole),
    rule("cqlsh cypher-shell beeline", "", "-p", Next, Whole),
    rule("airflow", "connections", "-p", Next, Whole),
    rule("airflow", "users", "-p", Next, Whole),
    rule("kubectl oc", "secret", "--from-literal", Next, Assigned),
    rule("jq", "", "--arg --argjson", Next, Name),
    rule("pulumi", "set-all", "--secret --plaintext", Next, Assigned),
    rule("pulumi", "", "--secret --plaintext", Next, Nothing),
    rule("pulumi", "set", "", Words(1), Whole),
    rule("fly flyctl", "secrets", "", Words(0), Assigned),
    rule("heroku", "config:set", "", Words(0), Assigned),
    rule("vault", "put", "", Words(0), Assigned),
    rule("vault", "patch", "", Words(0), Assigned),
    rule("sqlplus", "", "", Words(0), Whole),
    rule("mysqladmin", "password", "", Words(0), Whole),
    rule("wandb vault comet cargo", "login", "", Words(0), Whole),
    rule("ngrok", "authtoken", "", Words(0), Whole),
    rule("ngrok", "add-authtoken", "", Words(0), Whole),
    rule("mc", "set", "", Words(2), Whole),
    rule("poetry", "config", "", Words(1), Whole),
    rule("rabbitmqctl", "add_user", "", Words(1), Whole),
    rule("rabbitmqctl", "change_password", "", Words(1), Whole),
    rule("htpasswd", "", "", Words(1), Whole),
    rule("ssh scp sftp rsync wget git python python3 pip uv cargo make kubectl psql", "", "", Next, Nothing),
];

/// Returns the command that `word` names, by a path or not, as it stands in the rules.
pub(super) fn command(word: &str) -> Option<&'static str> {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    // Most words are too long, or begin unlike any command.
    if !(2..=16).contains(&name.len())
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        return None;
    }
    RULES.iter().flat_map(|rule| rule.commands.split(' ')).find(|known| *known == name)
}

/// Returns the rules of a command.
pub(super) fn rules(command: &str) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.commands.split(' ').any(|known| known == command))
}
