//! Commands as people type them: their secrets vanish, and what only looks like one stays.

use proptest::prelude::*;

use super::{arguments, text};

/// Commands, the secret of each written as §, and every word on its own: a word with spaces stands in `'…'`.
const COMMANDS: &str = r#"
train --password § --epochs 3
train --pw §
train --pass §
train --auth §
train --key §
train --api-key=§
train --db-password=§
train -password §
train --user ada:§
curl --user ada:§ https://h/x
curl -u ada:§ https://h/x
curl -uada:§ https://h/x
curl -sSu ada:§ https://h/x
curl -sS --proxy-user ada:§ https://h/x
curl -u §: https://h/x
curl -H 'Authorization: Bearer §' https://h
curl -H 'authorization: §' https://h
curl -H 'Cookie: a=1; session=§' https://h
curl -H 'X-Api-Key: §' https://h
curl -H X-Auth-Token:§ https://h
curl -b session=§ https://h
curl --oauth2-bearer § https://h
curl -d password=§ https://h
curl https://ada:§@h/x
wget --http-password=§ https://h
http -a ada:§ https://h
mysql -u root -p§ db
/usr/bin/mysqldump --host=h -p§ db
sudo -u root mysql -p§
env A=1 nohup time mysql -p§
docker exec -it db mysql -p§
docker login -u ada -p § registry
docker run -e MYSQL_ROOT_PASSWORD=§ -p 8080:80 mysql
docker build --build-arg NPM_TOKEN=§ .
kubectl create secret generic x --from-literal=password=§
helm install x --set db.password=§
psql postgres://ada:§@h/db
redis-cli -h h -a § ping
sshpass -p § ssh -p 22 h
mongosh -u ada -p § h
openssl enc -pass pass:§ -in a
openssl rsa -passin pass:§ -in a
openssl enc -k § -in a
aws configure set aws_secret_access_key §
aws configure set profile.x.aws_secret_access_key §
git config --global github.token §
npm config set //npm.example.org/:_authToken §
npm config set //npm.example.org/:_authToken=§
dvc remote modify r password §
pip config set global.password §
poetry config pypi-token.pypi §
wandb login §
wandb login --relogin §
huggingface-cli login --token §
vault login §
ngrok config add-authtoken §
gh secret set X --body §
flyctl secrets set FOO=§
heroku config:set FOO=§
prog --totp § --mfa-code §
az storage blob list --account-key §
az login --service-principal -u x -p §
az keyvault secret set --name x --value §
aws secretsmanager create-secret --name x --secret-string §
databricks secrets put --scope s --key k --string-value §
mc alias set m https://h a §
PGPASSWORD=§ psql
env DB_PASS=§ train
export OPENAI_KEY=§
DB_PW=§ train
GH_PAT=§ train
java -Ddb.password=§ -jar x
terraform apply -var db_password=§
zip -P § a.zip a
7z x -p§ a.7z
sqlcmd -S h -U sa -P §
ldapsearch -D cn=x -w §
smbclient //h/s -U ada%§
htpasswd -b file ada §
rabbitmqctl add_user ada §
gpg --batch --passphrase § -d x
keytool -list -storepass § -keystore k
ssh-keygen -t ed25519 -N § -f k
tailscale up --authkey §
machine h login ada password §
curl --cookie session=§ https://h
twine upload -u __token__ -p § dist
kaggle config set -n key -v §
curl -fsSL -u ada:§ -o a.zip https://h
curl --user=ada:§ https://h
curl -X POST -d '{"password": "§"}' https://h
curl -F password=§ https://h
curl -H 'PRIVATE-TOKEN: §' https://h
curl -H 'Ocp-Apim-Subscription-Key: §' https://h
curl -H 'x-api-key:§' https://h
curl -x http://ada:§@proxy https://h
wget --header 'Authorization: token §' https://h
wget --user ada --password § https://h
git clone https://oauth2:§@h/x.git
git -c http.extraHeader='Authorization: Basic §' clone https://h
git remote add o https://§@h/x
psql 'host=h user=ada password=§ dbname=d'
psql -c 'ALTER ROLE ada PASSWORD "§"'
mysql --password=§ -e 'select 1'
mysql -uroot -p§ -e 'select 1'
mysqladmin -u root password §
mongosh mongodb://ada:§@h/d
redis-cli -u redis://:§@h
PGPASSWORD=§ pg_dump -U ada db
docker login --username ada --password § r
docker run --env HF_TOKEN=§ img
docker run -eHF_TOKEN=§ img
podman login -u ada -p § r
helm registry login -u ada -p § r
helm upgrade x --set-string auth.password=§
helm upgrade x --set a=1,auth.password=§
kubectl --token=§ get pods
kubectl create secret docker-registry r --docker-password=§
kubectl config set-credentials ada --token=§
oc login --token=§
aws configure set default.aws_session_token §
AWS_SECRET_ACCESS_KEY=§ aws s3 ls
aws ssm put-parameter --name x --type SecureString --value §
az acr login -n x -u ada -p §
az storage copy --sas-token §
gcloud auth print --access-token=§
huggingface-cli login --token=§
hf auth login --token §
WANDB_API_KEY=§ python train.py
wandb login --host https://h §
dvc remote modify --local r secret_access_key §
databricks configure --token §
mlflow server --backend-store-uri postgresql://ada:§@h/d
snowsql -a acc -u ada --password §
sqlplus -s ada/§@db
rclone sync a b --s3-secret-access-key §
restic --password-command x -o s3.secret=§
openssl pkcs12 -export -passout pass:§
openssl enc -aes-256-cbc -K §
gpg --passphrase=§ -d x
7z a -p§ a.7z x
unzip -P § a.zip
rar a -hp§ a.rar
ssh-keygen -N § -f k
sshpass -p§ scp a h:b
lftp -u ada,§ h
mosquitto_pub -u ada -P § -t x
http -a ada:§ GET https://h
http GET https://h 'Authorization:Bearer §'
xh --auth ada:§ h
terraform apply -var=db_password=§
TF_VAR_db_password=§ terraform apply
ansible-playbook x -e ansible_password=§
ansible-playbook x --extra-vars 'ansible_become_pass=§'
vault kv put secret/x password=§
vault write auth/userpass/login/ada password=§
consul kv get -token=§ x
consul kv get -token § x
nomad job run -token=§ x
influx write -t § x
npm publish --otp § --//npm.example.org/:_authToken=§
poetry publish -u ada -p §
poetry config http-basic.x ada §
twine upload -p § dist
cargo login §
cargo publish --token §
uv publish --token §
pip install --index-url https://ada:§@h/simple x
conda config --set x.token §
setx OPENAI_API_KEY §
spark-submit --conf spark.hadoop.fs.s3a.secret.key=§ x
java -Djavax.net.ssl.keyStorePassword=§ -jar x
java -Dpw=§ -jar x
mvn deploy -Dgpg.passphrase=§
python train.py --wandb-key § --hf_token § --openai-key=§
python train.py model.api_key=§ +db.password=§
python train.py ++trainer.logger.api_key=§
streamlit run x -- --db_pass §
ngrok authtoken §
telegram-send --token §
stripe --api-key § get
heroku config:set API_KEY=§
fly secrets set API_KEY=§
vercel env add X --token §
glab auth login --token §
doctl auth init -t §
linode-cli --token § x
train --authorization § --cred § --creds § --apitoken § --dbpass § --dbpwd §
train --encrypt-key § --psk § --preshared-key § --user-pass § --user-pass ada:§
mvn verify -Dsonar.login=§
sonar-scanner --sonar.login §
DB_CREDS=§ train
vault kv put secret/x foo=§ bar=§
vault kv patch -mount=secret x foo=§
kubectl create secret generic x --from-literal=foo=§
kubectl create secret generic x --from-literal foo=§
airflow connections add x -p §
airflow connections add x --conn-password §
airflow users create -u ada -p §
cqlsh -u ada -p § h
cypher-shell -u ada -p § h
pulumi config set --secret x §
pulumi config set x § --secret
pulumi config set-all --secret x=§
jq -n --arg password § a.json
"#;

/// Commands that hold none.
const HARMLESS: &str = r#"
train --key-column id --sort-keys a,b --passes 3 --author ada --tokenizer bert --max-tokens 512
train --user ada --users 7 --token-count 5 num_tokens=5 token_count=5 --pad-token-id 0
train n_pass=3 key=value sort_key=name --primary-key id --monkey x passing=1 --passage x --compass n
docker run --user 1000:1000 -p 8080:80 redis -u x
docker login -u ada --password-stdin registry
docker compose -p project up -d
ssh -p 2222 ada@h ls
scp -P 2222 a h:b
curl -u ada https://h -o out.csv -H Accept:application/json
curl -sS https://h/a.csv -b cookies.txt
mysql -u root -P 3306 -h h db
psql -U ada -h h -p 5432 db
python -u train.py -p 3 -k 5
python train.py data/token=17/part-0.parquet s3://bucket/key=1/a.csv
cp 550e8400-e29b-41d4-a716-446655440000.csv b3:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
git commit -m tokens -a
git config user.name ada
train --password-file /run/secrets/x --token-file t --no-password --keyring x
aws s3 cp s3://bucket/prefix/password.txt . --profile ml
aws configure set region eu-central-1
sort -k 2 --keys 3 a.csv
make -k -p all
tar -C a -cf b.tar c
wandb sync run
mc cp a b
kubectl -n x get secret db
openssl dgst -sha256 a
redis-cli -h h -p 6379 ping
vault kv get -field=foo secret/x
vault kv put secret/x foo=-
kubectl create secret generic x --from-file=foo=a.txt
airflow webserver -p 8080
pulumi up --stack dev --yes
pulumi config get aws:region
jq --arg name ada . a.json
train --modulation qpsk --credits 3 --login ada --authorized yes
"#;

fn words(line: &str, secret: &str) -> Vec<String> {
    let words = shell_words(line);
    words.iter().map(|word| word.replace('§', secret)).collect()
}

/// The words of a line of the tables, where `'…'` is the only quote.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.is_empty())
}

/// The ways in which a shell lets a word be written.
const STYLES: [fn(&str) -> String; 4] = [quoted, doubly_quoted, escaped, dollar_quoted];

fn doubly_quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"))
}

fn escaped(word: &str) -> String {
    let letter = |letter: char| match letter {
        // An escaped end of a line is none.
        '\n' => "$'\\n'".to_owned(),
        _ if letter.is_ascii_alphanumeric() || "_-.".contains(letter) || !letter.is_ascii() => letter.to_string(),
        _ => format!("\\{letter}"),
    };
    word.chars().map(letter).collect()
}

fn dollar_quoted(word: &str) -> String {
    format!("$'{}'", word.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// Words of the commands above in which a secret is all that follows, so that it may be made of anything.
fn open_commands() -> Vec<Vec<String>> {
    let is_open = |word: &String| match word.split_once('§') {
        Some((before, after)) => after.is_empty() && !before.contains([' ', '/', ',']) && before != "session=",
        None => true,
    };
    let commands = lines(COMMANDS).map(shell_words).filter(|words| words.iter().all(is_open));
    let more = ["mariadb -p§ db", "7z a -p§ a.7z", "rar a -hp§ a.rar", "export DB_PASS=§", "x --set db.password=§"];
    commands.chain(more.map(shell_words)).collect()
}

/// As a shell wants a word to be written.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r#"'"'"'"#))
}

fn recorded(words: &[String]) -> String {
    arguments(words.iter().map(String::as_str)).join("\u{1}")
}

#[test]
fn commands_lose_their_secrets_and_keep_the_rest() {
    let mut kept = vec![];
    for line in lines(COMMANDS) {
        for secret in ["hunter", "hunter2Xq9ZpLw77"] {
            let found = recorded(&words(line, secret));
            if found.contains(secret) {
                kept.push(format!("as words: {}", found.replace('\u{1}', " ")));
            }
            let first = words(line, secret).remove(0);
            assert!(found.starts_with(first.split('=').next().unwrap()), "{line} became {found}");
            for given in [line.replace('§', secret), line.replace('\'', "\"").replace('§', secret)] {
                let found = recorded(&["sh".to_owned(), "-c".to_owned(), given.clone()]);
                if found.contains(secret) {
                    kept.push(format!("in a shell: {}", found.replace('\u{1}', " ")));
                }
                let told = format!("`{given}` ended with 1");
                if text(&told).contains(secret) {
                    kept.push(format!("in a text: {}", text(&told)));
                }
            }
        }
    }
    assert!(kept.is_empty(), "{}", kept.join("\n"));
}

#[test]
fn commands_without_secrets_stay_as_they_are() {
    let mut changed = vec![];
    for line in lines(HARMLESS) {
        let given = words(line, "");
        for found in
            [recorded(&given).replace('\u{1}', " "), text(line).into_owned(), super::scan::shell(line).into_owned()]
        {
            if found != line {
                changed.push(found);
            }
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

/// Options and names that are followed by any secret at all.
const OPTIONS: &[&str] = &[
    "--password",
    "--pw",
    "--pass",
    "--auth",
    "--key",
    "--token",
    "--api-key",
    "--secret",
    "--db-password",
    "-password",
    "--client-secret",
    "--hf-token",
    "--passphrase",
    "--access-key",
    "--storepass",
];
const NAMES: &[&str] = &["DB_PASSWORD", "DB_PASS", "DB_PW", "GH_PAT", "OPENAI_KEY", "API_KEY", "HF_TOKEN", "conn_str"];

/// Any text around three marks: nothing of a secret is kept, not its beginning and not its end.
fn secret() -> impl Strategy<Value = String> {
    let part = || {
        prop_oneof![
            "\\PC{0,12}",
            prop::sample::select(
                &["", " ", "'", "\"", "\n", ";", "&", "|", "\\", "`", "é", "🦀", "--x", " -p ", "$(x)", "=", ":"][..]
            )
            .prop_map(str::to_owned),
        ]
    };
    (part(), part(), part(), part()).prop_map(|(a, b, c, d)| format!("{a}Mark1Xq{b}Mark2Zp{c}Mark3Lw{d}"))
}

fn keeps(found: &str) -> bool {
    ["Mark1Xq", "Mark2Zp", "Mark3Lw"].iter().any(|mark| found.contains(mark))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_word_after_an_option_of_a_secret_vanishes(secret in secret(), option in prop::sample::select(OPTIONS)) {
        for given in [
            vec!["x".to_owned(), option.to_owned(), secret.clone(), "y".to_owned()],
            vec!["x".to_owned(), format!("{option}={secret}"), "y".to_owned()],
        ] {
            let found = recorded(&given);
            prop_assert!(!keeps(&found), "{:?}", found);
            prop_assert!(found.ends_with("\u{1}y"), "{:?}", found);
        }
    }

    #[test]
    fn any_word_that_a_name_is_given_vanishes(secret in secret(), name in prop::sample::select(NAMES)) {
        for given in [format!("{name}={secret}"), format!("-e{name}={secret}"), format!("--env={name}={secret}")] {
            let found = recorded(&["x".to_owned(), given]);
            prop_assert!(!keeps(&found), "{:?}", found);
        }
    }

    #[test]
    fn any_secret_of_a_shell_vanishes_however_it_is_quoted(
        secret in secret(),
        words in prop::sample::select(open_commands()),
        style in prop::sample::select(&STYLES[..]),
        is_glued in any::<bool>(),
    ) {
        // Where no option stands before it, a word with a dash is an option itself.
        let secret = if words.iter().any(|word| word == "§") { format!("s{secret}") } else { secret };
        let given: Vec<String> = words.iter().map(|word| word.replace('§', &secret)).collect();
        prop_assert!(!keeps(&recorded(&given)), "{given:?} became {}", recorded(&given));
        let word = |word: &String| match word.split_once('§') {
            Some((before, _)) if is_glued => format!("{before}{}", style(&secret)),
            Some((before, _)) => style(&format!("{before}{secret}")),
            None => quoted(word),
        };
        let given = words.iter().map(word).collect::<Vec<_>>().join(" ");
        for given in [given.clone(), format!("cd /x && {given}; echo done"), format!("ssh h {}", doubly_quoted(&given))] {
            let found = recorded(&["sh".to_owned(), "-c".to_owned(), given.clone()]);
            prop_assert!(!keeps(&found), "{} became {}", given, found);
        }
    }

    #[test]
    fn any_quoted_word_in_a_command_vanishes(
        secret in secret(),
        option in prop::sample::select(OPTIONS),
        name in prop::sample::select(NAMES),
    ) {
        for value in [quoted(&secret), format!("{secret:?}")] {
            for given in [format!("x {option} {value} y"), format!("x {option}={value} y"), format!("{name}={value} x y")] {
                let found = recorded(&["sh".to_owned(), "-c".to_owned(), given.clone()]);
                prop_assert!(!keeps(&found), "in a shell {:?}: {:?}", given, found);
                prop_assert!(!keeps(&text(&given)), "in a text {:?}: {:?}", given, text(&given));
            }
        }
        let json = format!("{{\"{name}\": {}}}", serde_json::to_string(&secret).unwrap());
        prop_assert!(!keeps(&text(&json)), "{:?}: {:?}", json, text(&json));
        let list = format!("{:?}", ["x", option, secret.as_str(), "y"]);
        prop_assert!(!keeps(&text(&list)), "{:?}: {:?}", list, text(&list));
    }
}
