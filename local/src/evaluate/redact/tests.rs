//! What must not get through, and what stays.

use super::*;

fn redacted(text: &str) -> String {
    Redactor::new(["Inês Duarte", "mona-lisa"]).redact(text)
}

/// Without the names that `text` introduces itself.
fn introduced(text: &str) -> String {
    Redactor::new([]).with_introduced([text]).redact(text)
}

/// Of `text`, which has become `new`, none of the words of `private` is left.
fn assert_hidden(private: &str, text: &str, new: &str) {
    for word in private.split(' ') {
        assert!(!new.contains(word), "{text}: {new}");
    }
}

#[test]
fn what_reaches_a_person_is_replaced() {
    for (text, new) in [
        ("Write to ines.duarte@harbor.example, please.", "Write to person@mail.example, please."),
        ("Thanks @mona-lisa!", "Thanks @person!"),
        ("Regards,\nInês Duarte", "Regards,\nperson person"),
        ("(Inês's file)", "(person's file)"),
        ("mona-lisa said so", "person said so"),
        ("Call +351 21 123 45 67.", "Call [number]"),
        ("Card 4242 4242 4242 4242 failed", "Card [number] failed"),
        ("from 10.1.2.3:8080 and 2001:db8::1", "from 192.0.2.1 and 192.0.2.1"),
        ("see https://harbor.example/u/7?sig=abc.", "see https://link.example."),
    ] {
        assert_eq!(redacted(text), new, "{text}");
    }
}

#[test]
fn no_secret_gets_through() {
    for text in [
        "my password is hunter2 ok",
        "password: hunter2",
        "token=hunter2",
        "GITHUB_TOKEN=hunter2",
        "Authorization: Bearer hunter2",
        "{\"api_key\": \"hunter2\"}",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
    ] {
        let new = redacted(text);
        assert!(!new.contains("hunter2") && new.contains(SECRET), "{text}: {new}");
    }
    let made_up = ["ghp_", "sk-", "xoxb-", "AKIA", "eyJ"].map(|prefix| format!("{prefix}aZ09bY18cX27dW36"));
    for token in made_up.iter().map(String::as_str).chain(["0123456789abcdef0123456789abcdef"]) {
        assert_eq!(redacted(&format!("it is `{token}`.")), format!("it is `{SECRET}`."));
    }
}

/// By the forms that tokens and details have at each of the senders.
#[test]
fn no_token_and_no_detail_of_any_sender_gets_through() {
    for (text, private) in [
        ("ask <@U2CERLKJA> or <mailto:ana@harbor.example|ana@harbor.example>", "U2CERLKJA ana harbor"),
        ("[~accountid:5b10a2844c20165700ede21g] said so", "5b10a2844c20165700ede21g"),
        ("call tel:+15550109999 today", "15550109999"),
        ("IBAN DE89370400440532013000, please", "89370400440532013000"),
        ("IBAN DE89 3704 0044 0532 0130 00", "3704 0532"),
        ("key AQ.Ab8RN6Kq-9xTzW2mVb4", "Ab8RN6Kq"),
        ("ghu_16C7e42F292c6912E7 and ghr_16C7e42F292c6912E7", "16C7e42F292c"),
        ("sntrys_eyJpYXQiOjE3 and ATATT3xFfGF0abcd", "eyJpYXQ xFfGF0"),
        ("y_NbAkKc66ryYTWUXYEu is ours", "NbAkKc66"),
        ("{\"api_key\":\"hunter2\"}", "hunter2"),
        ("run it --password hunter2 --token swordfish", "hunter2 swordfish"),
        ("the password hunter2 works", "hunter2"),
        ("Authorization: Basic aHVudGVyOjI=", "aHVudGVy"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "wJalr"),
        ("customer cus_Qd81Example of acct_1HarborExample1", "Qd81 1Harbor"),
    ] {
        assert_hidden(private, text, &redacted(text));
    }
}

#[test]
fn names_that_a_text_introduces_itself_are_replaced_wherever_they_stand() {
    for (text, names) in [
        ("Hi Anna,\nsince Monday nothing works. Anna knows.", "Anna"),
        ("My name is Peter Schmidt and it fails.", "Peter Schmidt"),
        ("It fails.\n\nBest regards,\nPeter Schmidt\nHarbor Lda.", "Peter Schmidt"),
        ("Thanks,\n\nPeter", "Peter"),
        ("Dear Dr. Okafor, the export ends early", "Okafor"),
        ("I'm Siobhán O'Brien from billing", "Siobhán Brien"),
    ] {
        assert_hidden(names, text, &introduced(text));
    }
    let text = "Hi all,\nthis is the Linux build: it drops rows. Thanks for the export!";
    assert_eq!(introduced(text), text);
}

#[test]
fn what_an_event_is_about_stays() {
    for text in [
        "Export drops the last row since 4.2.1, on Linux (x86_64).",
        "Since 2026-11-20 09:20 the nightly export ends after 10,000 rows.",
        "`index out of bounds`: 12 of 14\n\n* one\n* two",
        "  indented\n\ttext",
        "The token ring is full; what is the secret of it?",
    ] {
        assert_eq!(redacted(text), text);
    }
}

/// What is glued to other things, as files of settings, queries, tables and JSON have it.
#[test]
fn a_secret_is_one_whatever_it_is_glued_to() {
    for text in [
        "Server=db;User=sa;Password=hunter2x;",
        "{\"user\":\"bob\",\"password\":\"hunter2x\",\"a\":1}",
        "a=1&token=hunter2x&b=2",
        "harbor.example/reset?user=7&token=hunter2x",
        "password\thunter2x",
        "<password>hunter2x</password> works",
        "password -> hunter2x",
        "password => hunter2x",
        "| password | hunter2x |",
        "secret key: hunter2x",
        "the password for the database is hunter2x",
        "pw: hunter2x, or pass: hunter2x",
        "DB_PASS=hunter2x",
        "mysql.pass = hunter2x",
        "my pin is hunter2x",
        "credentials are bob/hunter2x",
        "curl -u bob:hunter2x https://harbor.example",
        "Authorization: token hunter2x",
        "Passwort lautet hunter2x",
        "contraseña: hunter2x, mot de passe : hunter2x",
        "token: \"my hunter2x and hunter2x\" ends",
        "password:\nhunter2x",
    ] {
        let new = redacted(text);
        assert!(!new.contains("hunter2x") && new.contains(SECRET), "{text}: {new}");
    }
    assert_eq!(redacted("<password>hunter2x</password> works"), "<password>[secret]</password> works");
    assert_eq!(redacted("a=1&token=hunter2x&b=2"), "a=1&token=[secret]&b=2");
}

#[test]
fn numbers_and_addresses_are_found_behind_a_colon_too() {
    for (text, private) in [
        ("phone:555-123-4567", "4567"),
        ("tel.:+49-30-901820", "901820"),
        ("ip=10.1.2.3 and host:10.1.2.3", "10.1.2"),
        ("fe80::1%eth0", "fe80"),
    ] {
        assert!(!redacted(text).contains(private), "{text}: {}", redacted(text));
    }
}

#[test]
fn closings_within_a_line_headings_and_addresses_introduce_names() {
    for (text, names) in [
        ("It fails, mail ana@harbor.example. Regards,\nAna Duarte", "Ana Duarte"),
        ("Sent by Peter Schmidt <p@harbor.example>", "Peter Schmidt"),
        ("See Peter Schmidt (p@harbor.example)", "Peter Schmidt"),
        ("my name's Peter Schmidt", "Peter Schmidt"),
        ("Contact: Peter Schmidt, please", "Peter Schmidt"),
        ("Cheers - Tom Baker", "Tom Baker"),
        ("It fails.\n\nYours,\nPeter Schmidt", "Peter Schmidt"),
        ("It fails.\n-- \nPeter Schmidt\nCTO", "Peter Schmidt"),
        ("It fails\n— Peter Schmidt", "Peter Schmidt"),
        ("Sehr geehrte Frau Okafor", "Okafor"),
    ] {
        assert_hidden(names, text, &introduced(text));
    }
}

#[test]
fn words_that_only_look_like_an_introduction_stay() {
    for text in [
        "Best SEO services",
        "It takes a Token<T> and calls token::parse(x).",
        "All tests pass, 12 of them; the first pass is slow.",
        "At 12:00:00 the job `queue::run` ends with code: 404",
        "The best export: CSV, sorted by name",
    ] {
        assert_eq!(introduced(text), text);
    }
}

#[test]
fn a_secret_is_one_whatever_it_is_called_and_made_of() {
    for (text, private) in [
        ("DB_PASS=topsecret", "topsecret"),
        ("password = hunter2supersecret", "hunter2"),
        ("password: MyPassword", "MyPassword"),
        ("token = mytoken", "mytoken"),
        ("{\"password\": \"letmein-password\"}", "letmein"),
        ("{\"secret\": {\"password\": \"letmein\"}}", "letmein"),
        ("?token=t0ken&access_token=abctoken", "t0ken abctoken"),
        ("SECRET_KEY=walrus and ENCRYPTION_KEY=horse", "walrus horse"),
        ("password is: Winter!2026#x", "Winter 2026"),
        ("password: Pa$$word!23", "Pa$$word 23"),
    ] {
        assert_hidden(private, text, &redacted(text));
    }
    let stray = redacted("my password: \"it's here\nIt crashes when I log in.");
    assert!(stray.ends_with("It crashes when I log in."), "{stray}");
}

#[test]
fn a_table_a_list_and_a_command_tell_where_secrets_stand() {
    for text in [
        "| user | password |\n|---|---|\n| bob | hunter2x |\n| eve | swordfish |",
        "+------+----------+\n| user | password |\n+------+----------+\n| bob  | swordfish |\n+------+----------+",
        "user,password\nbob,swordfish\n\"eve\",\"sword,fish\"",
        "email;api_key;role\na@b.example;swordfish;admin",
        "user\tpassword\nbob\tswordfish",
        "passwords:\n  - swordfish\n  - hunter2x",
        "password:\n- \"swordfish\"\n- hunter2x",
        "passwords: [swordfish, hunter2x]",
        "{\"tokens\": [\"swordfish\", \"hunter2x\"], \"a\": 1}",
        "\"tokens\": [\n  \"swordfish\",\n  \"hunter2x\"\n]",
        "mysql -uroot -pswordfish harbor",
        "mysqldump -p'sword fish' harbor",
        "sshpass -p swordfish ssh bob@h.example",
        "sshpass -pswordfish ssh h",
        "PGPASSWORD=swordfish psql",
        "redis-cli -a swordfish ping",
        "git clone https://bob:swordfish@h.example/x.git",
        "amqp://bob:swordfish@h:5672/x",
        "curl -ubob:swordfish x and curl --user bob:swordfish y and curl --user=bob:swordfish",
        "run --password swordfish --api-key hunter2x -password swordfish --pass swordfish",
        "docker login -u bob -p swordfish",
        "passwd 'sword fish' and password \"swordfish\"",
        "the password is swordfish",
        "invalid token: swordfish",
        "- name: DB_PASSWORD\n  value: swordfish",
        "{\"name\": \"DB_PASSWORD\", \"value\": \"swordfish\"}",
        "Password (temporary): swordfish",
        "Authorization: Token swordfish",
        "aws configure set aws_secret_access_key swordfish",
    ] {
        let new = redacted(text);
        let shown = ["swordfish", "fish", "hunter2x"].iter().any(|secret| new.contains(secret));
        assert!(!shown, "{text}: {new}");
    }
    let table = "| user | password | role |\n|---|---|---|\n| bob | x | admin |\n\nIt fails, always.";
    let new = "| user | password | role |\n|---|---|---|\n| person | [secret] | admin |\n\nIt fails, always.";
    assert_eq!(redacted(table), new);
}

#[test]
fn words_about_secrets_stay() {
    for text in [
        "The password is wrong, and the token is not accepted.",
        "the password's strength meter fails",
        "The `password` field, the 'token' field and \"secret\" are required",
        "SyntaxError: Unexpected token '<' in JSON, unexpected token 'export'",
        "columns [\"password\", \"email\"] are missing",
        "max_tokens: 512 and prompt tokens: 40, tokens[0] too",
        "To run it you need these secrets:\n- a database\n- a bucket",
        "secrets:\n  - GITHUB_TOKEN\n  - SLACK_TOKEN",
        "1. Set the password to `min 8 chars`.\n2. Run it.",
        "I forgot my password\n\n3 times",
        "credentials:\n  user: bob\n  region: eu",
        "docker run -p 8080:80 x; mkdir -p a/b; mysql -p harbor",
        "First, password reset, then login fails\nOnly the first, always, every time",
        "| setting | value |\n|---|---|\n| retries | 5 |\n| user | x |",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn names_in_lower_case_are_found_where_a_closing_or_a_field_says_so() {
    for (text, names) in [
        ("it fails.\n\nregards,\nana duarte", "ana duarte"),
        ("it fails\n-- \nsiobhán o'brien", "siobhán o'brien"),
        ("thanks,\n\ntom", "tom"),
        ("name: ana duarte\ncompany: harbor", "ana duarte"),
        ("Contact: ana", "ana"),
        ("| name | email |\n|---|---|\n| ana duarte | a@b.example |", "ana duarte"),
        ("my name is ana duarte and it fails", "ana duarte"),
        ("- reported by: ana duarte, on Linux", "ana duarte"),
        ("{\"id\": 7, \"customer_name\": \"ana duarte\", \"a\": 1}", "ana duarte"),
    ] {
        assert_hidden(names, text, &introduced(text));
    }
    for text in [
        "Thanks,\nplease help soon",
        "thanks,\nit works again",
        "name: build and test\nname: nginx\nname: nightly export",
        "kind regards to the docs: they lack a page",
    ] {
        assert_eq!(introduced(text), text);
    }
}

#[test]
fn a_secret_is_whole_however_many_words_it_has() {
    for (text, private) in [
        ("Credentials: bob:S3cretHorse", "bob S3cretHorse"),
        ("Password is: correct horse battery staple", "correct horse battery staple"),
        ("DB password: my walrus words", "my walrus words"),
        ("DB password: my secret words", "my words"),
        ("DB_PASS=my walrus words", "my walrus words"),
        ("export API_KEY=walrus horse", "walrus horse"),
        ("Passphrase: it was (walrus) and horse", "walrus horse"),
        ("Token: walrus, horse", "walrus horse"),
        ("password = correct horse", "correct horse"),
        ("PASSWORD\nwalrus", "walrus"),
        ("### Password\n\nwalrus", "walrus"),
        ("password:\nwalrus horse", "walrus horse"),
        ("Cookie: session=walrus; theme=horse", "walrus horse"),
        ("curl -H 'Cookie: sid=walrus' -H 'x-harbor: horse' https://h.example", "walrus horse"),
        ("x-auth: walrus", "walrus"),
        ("it sends X-Auth-Token: walrus horse", "walrus horse"),
        ("harbor.example/x?key=walrus&a=1", "walrus"),
        ("the API key walrus42 is ours", "walrus42"),
        ("API key: walrus", "walrus"),
        ("PIN 4711, please", "4711"),
        ("recovery code wxyz-walr and recovery codes a1b2 c3d4", "wxyz-walr a1b2 c3d4"),
        ("log in as user bob password walrus", "walrus"),
        ("use the password (walrus)", "walrus"),
    ] {
        let new = redacted(text);
        assert_hidden(private, text, &new);
        assert!(new.contains(SECRET), "{text}: {new}");
    }
    let new = redacted("My password: correct horse. The export crashes.");
    assert_eq!(new, "My password: [secret]. The export crashes.");
    let new = redacted("curl -H 'x-api-key: walrus' https://h.example");
    assert_eq!(new, format!("curl -H 'x-api-key: [secret]' {LINK}"));
    assert_eq!(redacted("hooks.slack.com/services/T0/B0/xxx is ours"), format!("{LINK} is ours"));
}

#[test]
fn what_a_name_of_several_words_announces_is_a_secret_and_what_it_tells_is_none() {
    for text in [
        "SECRET_KEY_BASE=walrus",
        "DJANGO_SECRET_KEY = 'walrus'",
        "secretKey: 'walrus'",
        "{\"secretAccessKeyId2\": \"walrus\"}",
        "tokenForDeploys: walrus",
        "db-password-old: walrus",
        "AccountName=harbor;AccountKey=walrus;EndpointSuffix=core",
        "storageKey = walrus",
        "ENCRYPTION_KEY=walrus",
        "my key: walrus42",
        "STORAGE_KEY_2=walrus",
        "key is here, key: walrus42",
        "pass phrase = walrus horse",
        "pass phrase: walrus",
        "seed phrase: walrus horse",
        "client_secret→walrus",
        "client_secret → walrus",
        "client_secret->walrus",
        "clientSecret=>walrus",
        "creds: bob/walrus",
        "DB_CREDS=bob:walrus",
        "credential: walrus",
        "pypi-walrus12",
        "dckr_pat_walrus12",
        "hvs.walrus1234",
        "AGE-SECRET-KEY-1WALRUSwalrus",
        "1//0walrus-horse",
        "JSESSIONID=WALRUS12345",
        "PHPSESSID: walrus",
        "ASP.NET_SessionId=walrus; theme=dark",
        "document.cookie = \"connect.sid=walrus\"",
        "GET /x?sid=walrus&a=1",
        "_harbor_session=walrus",
        "{\"sessionId\": \"walrus\"}",
        "session: walrus12",
    ] {
        let new = redacted(text);
        assert_hidden("walrus horse WALRUS", text, &new);
        assert!(new.contains(SECRET), "{text}: {new}");
    }
    for text in [
        "primary_key: id, foreignKey: user, public_key: x",
        "the key: it is on the map",
        "Press key: ENTER, key: 12",
        "token_count: 12, tokenUrl: x, password_reset: fails",
        "max_tokens: 512, maxTokens: 512",
        "the secretKey of the map and the storage_key are read",
        "SECRET_FILE=a",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn accounts_and_who_wrote_are_names() {
    for (text, names) in [
        ("username: ana.duarte\nit fails for ana.duarte", "ana duarte"),
        ("Ana Duarte wrote:\n> it fails", "Ana Duarte"),
    ] {
        assert_hidden(names, text, &introduced(text));
    }
}

#[test]
fn words_beside_those_for_secrets_stay() {
    for text in [
        "the password is wrong",
        "The user clicks password reset, and the user forgot the password field",
        "The user name and password fields are empty; the token is stale",
        "a password (optional) and a password (min 8 chars)",
        "the cookie banner, the API key page and the security code review",
        "primary key: id; the key of the map; pin 12 of the board",
        "the backup code path is slow; tests pass 1024 times",
        "Forgot your password\nLogin works",
        "token::parse(x) and secret::Store<T> are types",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn a_secret_is_found_however_it_is_marked_up_quoted_and_broken_over_lines() {
    for text in [
        "x-auth:: walrus",
        "| user | password |\r\n|---|---|\r\n| bob | walrus |\r\n",
        "DB_PASS=my walrus words\r\nx",
        "passwords: [\r\n  walrus,\r\n  horse\r\n]",
        "“x-auth: walrus”",
        "—Cookie: walrus",
        "'x-auth:' 'x-key: walrus'",
        "curl -H 'x-auth: horse' -H 'x-key: walrus' -b x",
        "password: |\n  walrus\nother: a",
        "password: >\n  walrus\nother: a",
        "**Password:** walrus",
        "Password: **walrus**",
        "`password`: `walrus`",
        "password:\n\nwalrus",
        "Password:\n```\nwalrus\n```",
        "password: \"horse\\\"walrus\" and more",
        r#"{\"password\": \"walrus\", \"a\": 1}"#,
        "token = decode(\"walrus\")",
        "token = Some(\"walrus horse\")",
        "password = my \"walrus horse\"",
        "otp: 123456 and pin: walrus",
    ] {
        let new = redacted(text);
        assert_hidden("walrus horse 123456", text, &new);
        assert!(new.contains(SECRET), "{text}: {new}");
    }
    let new = redacted(r#"{\"password\": \"walrus\", \"a\": \"b\"}"#);
    assert_eq!(new, r#"{\"password\": \"[secret]\", \"a\": \"b\"}"#);
    assert_eq!(redacted("credentials:\r\n  user: bob\r\n"), "credentials:\r\n  user: bob\r\n");
}

#[test]
fn a_type_a_word_for_nothing_and_a_count_are_no_secrets() {
    for text in [
        "password: string (required)",
        "type User = { password: string; token: string | null }",
        "fn f(password: &str, token: String) {}",
        "{\"type\": \"object\", \"properties\": {\"password\": \"string\"}}",
        "let token: String;",
        "key=value",
        "LOG_LEVEL=debug\nregion = eu-west-1\nretries=3",
        "secret: none\nnext: a",
        "pass: 12, fail: 3",
        "tests pass: 12, fail: 3",
        "2. set pass = 1\n3. crash at 12:00",
        "tokens: 512, cost: 3",
        "token usage: 4000 tokens per day",
        "Error: invalid token: expected `;` at line 3",
        "error: expected token: found `}` instead",
        "The secret manager and token bucket are slow: see below\nIt drops rows.",
        "password field: it is empty\nNext line stays",
        "Token expired: please log in\nnext line here",
        "We lost the token\nbecause the cache was full",
        "The password reset mail for the user never arrives: it fails with error 500",
        "SELECT user, password FROM users;\nIt fails.",
        "name,status\nexport,ok\nlogin,failed",
        "id, name\n1, export fails\nThen it crashes, always",
    ] {
        assert_eq!(introduced(text), text);
    }
}

/// A word for nothing at the beginning of a secret, or before it.
#[test]
fn a_secret_behind_a_type_or_beginning_like_one_is_one() {
    for text in [
        "const PASSWORD: &str = \"walrus\";",
        "let token: String = walrus;",
        "password: string = 'walrus'",
        "let token: Option<String> = Some(\"walrus\");",
        "let token: Secret<'static> = Secret::new(\"walrus\");",
        "password: string theory walrus",
        "password: null-walrus",
        "password: string!walrus",
        "password: string|walrus",
        "password: string&walrus",
        "password: string,walrus",
        "token=true.walrus",
        "pass: 12walrus",
        "pass: 12 walrus",
        "pass: 4711, walrus",
        "DB_PASS=12",
        "pin: 471",
    ] {
        let new = redacted(text);
        assert!(new.contains(SECRET), "{text}: {new}");
        assert_hidden("walrus 4711 471 =12", text, &new);
    }
}

#[test]
fn a_text_of_many_empty_lines_is_read_once() {
    let text = "\n".repeat(60_000);
    assert_eq!(redacted(&text), text);
}

#[test]
fn a_secret_that_a_sentence_tells_is_one() {
    for (text, new) in [
        ("I changed my password to walrus.", "I changed my password to [secret]."),
        ("The password has been reset to walrus", "The password has been reset to [secret]"),
        (
            "the root password was changed to walrus, it fails",
            "the root password was changed to [secret], it fails",
        ),
        (
            "We rotated the API key for bob to \"walrus horse\" today",
            "We rotated the API key for bob to \"[secret]\" today",
        ),
        ("set pw to: walrus", "set pw to: [secret]"),
        ("Use walrus as the password", "Use [secret] as the password"),
        ("log in with walrus horse as your new password.", "log in with [secret] as your new password."),
        (
            "use bob as the user and walrus as the password",
            "use bob as the user and [secret] as the password",
        ),
        ("the password will be walrus", "the password will be [secret]"),
        ("Password — walrus", "Password — [secret]"),
        ("password is now: walrus", "password is now: [secret]"),
        ("the password is still walrus", "the password is still [secret]"),
        ("basic auth: bob walrus", "basic auth: [secret]"),
        ("login bob/walrus fails", "login [secret] fails"),
        ("login bob:walrus fails", "login bob:[secret] fails"),
        ("- password\n  - walrus\n- done", "- password\n  - [secret]\n- done"),
        ("Our credentials are bob / walrus. It fails", "Our credentials are [secret]. It fails"),
        ("Our creds are (bob walrus), and more", "Our creds are ([secret]"),
        ("the creds for the db are now bob and walrus horse", "the creds for the db are now [secret]"),
        ("The vault PIN code is 9911", "The vault PIN code is [secret]"),
        (
            "The PIN codes were 9911, the PIN number 9912",
            "The PIN codes were [secret], the PIN number [secret]",
        ),
        (
            "PIN code 9911, pin-code 9911 and PIN code: 9911",
            "PIN code [secret], pin-code [secret] and PIN code: [secret]",
        ),
        ("Signed in as a@b.example with walrus", "Signed in as person@mail.example with [secret]"),
        (
            "I logged in to the console as bob using the password walrus, and it fails",
            "I logged in to the console as bob using the password [secret], and it fails",
        ),
        ("login as bob with \"walrus horse\" fails", "login as bob with \"[secret]\" fails"),
    ] {
        assert_eq!(redacted(text), new, "{text}");
    }
    for word in ["пароль", "パスワード", "密码", "비밀번호", "hasło", "şifre"] {
        assert_eq!(redacted(&format!("{word}: walrus horse")), format!("{word}: [secret]"));
        assert_eq!(redacted(&format!("{word}：walrus")), format!("{word}：[secret]"));
    }
}

#[test]
fn a_sentence_about_a_secret_that_tells_none_stays() {
    for text in [
        "I changed my password. Then I went to bed",
        "I changed my password to the new one",
        "The password to the database is wrong",
        "the password reset mail goes to nobody",
        "Use it as the password",
        "Use the one from the vault as the password",
        "It is shown as a password",
        "The token should be hashed, and the password must be at least 8 characters",
        "Reset password - it fails",
        "Password - required",
        "the password is now invalid, and is still not accepted",
        "The login form/page is slow, and login and/or export fail",
        "The credentials are wrong, and credentials are stored in the vault",
        "The credentials page is slow, and the creds of bob are rejected",
        "I signed in as an admin with the app, and logged in as bob with my own account",
        "Signed in as bob. It fails with error 500",
        "I log in as an owner with the wrong password and see nothing",
        "The session is slow: it ends too early; session: 12 users; the PIN code is wrong",
        "basic auth fails, and so does a basic plan",
        "- password\n- username\n- role",
        "It must have:\n- a password\n  - of eight characters",
    ] {
        assert_eq!(redacted(text), text);
    }
}
