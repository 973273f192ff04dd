//! Words that announce secrets, belong to them, or only look like it.

/// Characters that a token has at the least.
pub(super) const TOKEN_CHARS: usize = 20;
/// Words between a key and `is`: `the password for the database is …`.
pub(super) const MAX_BETWEEN: u8 = 4;
/// What tokens of well-known services begin with.
pub(super) const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "sk-",
    "sk_",
    "rk_",
    "pk_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "xoxe",
    "AKIA",
    "ASIA",
    "AIza",
    "AQ.",
    "eyJ",
    "ya29.",
    "SG.",
    "lin_api_",
    "lin_oauth_",
    "sntrys_",
    "sntryu_",
    "ATATT",
    "ATCTT",
    "shpat_",
    "shpss_",
    "acct_",
    "cus_",
    "npm_",
    "dop_v1_",
    "hf_",
    "pypi-",
    "dckr_pat_",
    "dckr_oat_",
    "hvs.",
    "hvb.",
    "hvr.",
    "AGE-SECRET-KEY-1",
    "1//0",
    "rubygems_",
    "sbp_",
    "figd_",
    "nvapi-",
    "gsk_",
    "xai-",
    "r8_",
    "tskey-",
    "dp.pt.",
    "ntn_",
    "PMAK-",
    "ATBB",
    "glptt-",
    "shpca_",
    "shppa_",
    "dor_v1_",
    "doo_v1_",
    "pul-",
];
/// What a word ends with that stands before a secret.
pub(super) const KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
    "signing_key",
    "credentials",
    "creds",
    "secret_key",
    "encryption_key",
    "master_key",
    "account_key",
    "shared_key",
    "auth_key",
    "deploy_key",
    "ssh_key",
    "license_key",
    "authorization",
    "passwort",
    "kennwort",
    "contraseña",
    "senha",
    "wachtwoord",
    "hasło",
    "heslo",
    "lösenord",
    "adgangskode",
    "passord",
    "salasana",
    "jelszó",
    "parola",
    "şifre",
    "пароль",
    "κωδικός",
    "סיסמה",
    "パスワード",
    "密码",
    "密碼",
    "비밀번호",
    "암호",
    "पासवर्ड",
];
/// Verbs by which a secret becomes another one: `changed my password to …`.
pub(super) const SETTERS: &[&str] = &[
    "set",
    "sets",
    "setting",
    "reset",
    "resets",
    "resetting",
    "change",
    "changes",
    "changed",
    "changing",
    "update",
    "updates",
    "updated",
    "updating",
    "rotate",
    "rotates",
    "rotated",
    "switch",
    "switched",
    "renew",
    "renewed",
];
/// What makes a verb behind a secret a passive one: `the password was reset`.
pub(super) const AUXILIARIES: &[&str] = &["been", "be", "being", "is", "are", "was", "were", "got", "gets"];
/// What stands before `be` where a secret is told: `the password will be …`.
pub(super) const MODALS: &[&str] = &["will", "should", "would", "shall", "to"];
/// Verbs for what a secret is for: `use … as the password`.
pub(super) const USERS: &[&str] = &[
    "use", "uses", "used", "using", "enter", "entered", "try", "tried", "type", "typed", "with", "set",
    "take", "give", "gave", "pass", "passed", "passing", "send", "sends", "put", "choose", "chose", "pick",
    "picked",
];
/// Words that may stand between `is` and a secret: `the password is now …`.
pub(super) const ADVERBS: &[&str] =
    &["now", "currently", "still", "just", "simply", "actually", "again", "always"];
/// What makes `auth` the name of an account and its password.
pub(super) const BASIC: &str = "basic";
/// Parts of a name that make what stands beside it a secret: `SECRET_KEY_BASE=…`, `tokenForDeploys: …`.
pub(super) const NAMED: &[&str] =
    &["secret", "password", "passwd", "passphrase", "token", "credential", "credentials", "creds"];
/// What such a name ends with if it only tells of the secret.
pub(super) const TELLING: &[&str] = &[
    "type", "count", "url", "uri", "limit", "file", "path", "bucket", "ttl", "expiry", "expires", "expired",
    "usage", "used", "size", "endpoint", "in", "at", "lifetime", "budget", "error", "valid", "invalid",
    "missing", "required",
];
/// Keys that open nothing: `primary_key`.
pub(super) const OPEN_KEYS: &[&str] =
    &["primary", "foreign", "public", "partition", "sort", "cache", "row", "idempotency", "group", "object"];
/// Characters of what `key: …` announces, at the least.
pub(super) const KEY_CHARS: usize = 6;
/// What a name of several words ends with that is one.
pub(super) const KEY: &str = "key";
/// Words that mean a secret only if something separates them from it: `pass: …`, `DB_PASS=…`.
pub(super) const WEAK_KEYS: &[&str] = &["pw", "pass", "passe", "pin", "otp", "puk", "mdp", "psk"];
/// What may follow a key and belongs to it: `secret key: …`.
pub(super) const KEY_NOUNS: &[&str] = &["key", "code", "id", "value"];
/// What leads from a key to whose it is.
pub(super) const POSSESSIVES: &[&str] = &["for", "of", "to"];
/// Words between a key and its secret.
pub(super) const FILLERS: &[&str] =
    &["is", "are", "was", "were", "ist", "lautet", "es", "est", "bearer", "basic"];
/// What is said of a password without saying it: `the password is wrong`.
pub(super) const REMARKS: &str = "another other this that one it its your our my their who what which when where kept read by with to or \
    and if but made as for of wrong right not in a an the too no never always still also only now being \
    invalid incorrect correct valid required needed missing empty set unset reset sent stored saved shown \
    visible hidden masked hashed encrypted logged leaked lost expired rejected refused accepted ignored \
    changed revoked rotated old new weak short long ok fine on at from null none undefined unknown optional \
    mandatory checked used refreshed stale be have work expire";
/// Types and words that stand where a secret would, and are none: `password: string`, `token: null`.
pub(super) const WORTHLESS: &str = "string str text char varchar bool boolean int integer number any object option optional none null \
    nil undefined empty unset required true false value placeholder redacted hidden masked expected found";
/// What stands behind such a word if it is the whole value.
pub(super) const WORTHLESS_ENDS: &str = ",;(){}[]<>=\"'`|?";
/// What a report of tests counts with, and also a word for a secret: `pass: 12`.
pub(super) const TALLY: &str = "pass";
/// What a parser says before `token`.
pub(super) const PARSERS: &[&str] = &["unexpected", "illegal", "unknown", "invalid"];
/// Signs within a password that separate words elsewhere.
pub(super) const WITHIN: &str = "!?*|\\:";
/// What ends a secret of several words, besides its sentence.
pub(super) const PHRASE_ENDS: [char; 9] = ['"', '`', ';', '&', '|', '<', '>', '}', ']'];
/// Keys for an account and its password: what a sentence says of them has several words.
pub(super) const PAIRS: &[&str] = &["credentials", "creds"];
/// What the names of cookies have in them that hold a session: `JSESSIONID`, `PHPSESSID`.
pub(super) const SESSION_IDS: &[&str] = &["sessionid", "sessid", "session_id", "session-id"];
/// What they end with that means one in a query or a cookie alone: `connect.sid=…`.
pub(super) const SESSIONS: &[&str] = &["sid", "session"];
/// How somebody comes in: `signed in as …`.
pub(super) const ENTERED: &[&str] = &["signed", "sign", "signing", "logged", "log", "logging", "login"];
/// Secrets that are numbers: `PIN 4711`.
pub(super) const PINS: &[&str] = &["pin", "otp", "puk", "pin-code", "pincode"];
/// What may follow them and belongs to them.
pub(super) const PIN_NOUNS: &[&str] = &["code", "codes", "number"];
pub(super) const PIN_DIGITS: usize = 4;
/// What makes a `code` one that opens something.
pub(super) const CODES: &[&str] =
    &["recovery", "backup", "verification", "security", "access", "one-time", "2fa", "mfa", "seed"];
/// What the name of an account follows.
pub(super) const ACCOUNTS: &[&str] = &["user", "username", "login"];
/// What the word for a secret may belong to: `password reset`.
pub(super) const NOUNS: &[&str] = &[
    "name",
    "reset",
    "resets",
    "fields",
    "forms",
    "pages",
    "prompts",
    "policies",
    "field",
    "form",
    "page",
    "prompt",
    "policy",
    "manager",
    "change",
    "recovery",
    "strength",
    "length",
    "input",
    "box",
    "min",
    "max",
    "minimum",
    "maximum",
    "temporary",
];
/// Options of a command line whose value is an account and its password.
pub(super) const ACCOUNT_OPTIONS: &[&str] = &["-u", "--user"];
