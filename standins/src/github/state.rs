//! GitHub's REST API, as far as issues and comments go, for persons and for Apps.

use domain::Timestamp;
use maud::Markup;
use serde_json::{Value, json};

use super::auth::Caller;
use super::store::{Change, Github, Kind, Place, check_names};
use super::words::{not_found, of_status, primary_limit, refusal};
use super::{apps, comments, discussions, hooks, issues, page};
use crate::kit::{Call, Kept, Reply, State};

/// Requests per hour, as the headers have it.
const LIMIT: u64 = 5_000;

/// The login behind every personal token, and the slug of every App.
const LOGIN: &str = "afterhook";

/// The repository of every personal token, whose last change is the latest.
const REPOSITORY: &str = "octo/repo";

/// In a fine-grained token that may write nothing.
const READS: &str = "github_pat_reads";

/// The one installation of every App.
const INSTALLATION: u64 = 50_990_001;

impl State for Github {
    type Voice = Self;
    type Change = Change;
    const TITLE: &'static str = "GitHub";
    /// An Enterprise Server has its API below this.
    const PREFIX: &'static str = "/api/v3";

    fn apply(&mut self, change: Change) {
        match change {
            Change::Comment { at, comment } => {
                self.last_id = self.last_id.max(comment.id);
                self.entry(&at).comments.push(comment);
            }
            Change::Labels { at, labels } => self.entry(&at).labels = labels,
            Change::Reaction { comment, login, content } => self.react(comment, login, content),
        }
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if call.header("user-agent").is_empty() {
            let message = "Request forbidden by administrative rules. Please make sure your request has a \
                           User-Agent header.";
            return Err(refusal(403, message));
        }
        // A browser's form, a code, and the address of a log, which is a secret of its own: none has a token.
        match (call.method.as_str(), call.segments().as_slice()) {
            ("POST", ["settings", "apps", "new"] | ["organizations", _, "settings", "apps", "new"]) => {
                return apps::create(kept, call);
            }
            ("POST", ["app-manifests", code, "conversions"]) => return apps::convert(kept, call, code),
            (_, ["logs", _]) => return Ok(issues::log()),
            _ => {}
        }
        match kept.tokens.caller(call.header("authorization"), now)? {
            Caller::App(id) => app(kept, call, id, now),
            caller => dispatch(kept, call, caller, now),
        }
    }

    /// Every answer tells how much is left of the hour: nearly all, but in the refusal of that limit.
    fn finish(&mut self, call: &Call, reply: Reply, now: Timestamp) -> Reply {
        let left = if reply.body == primary_limit().body { 0 } else { LIMIT - 1 };
        let id = format!("{:04X}:{:X}", call.path.len(), now.as_microsecond());
        reply
            .with("x-ratelimit-limit", LIMIT.to_string())
            .with("x-ratelimit-remaining", left.to_string())
            .with("x-ratelimit-used", (LIMIT - left).to_string())
            .with("x-ratelimit-reset", (now.as_second() + 3_600).to_string())
            .with("x-ratelimit-resource", "core")
            .with("x-github-request-id", id)
    }

    /// A token for an installation changes nothing that anybody sees, nor does a query.
    fn writes(call: &Call) -> bool {
        let is_query =
            call.path == "/graphql" && !call.field("query").unwrap_or_default().starts_with("mutation");
        call.method != "GET" && !call.path.ends_with("/access_tokens") && !is_query
    }

    fn is_api(call: &Call) -> bool {
        let is_page = match call.segments().as_slice() {
            [] => true,
            [owner, _, "issues", _] => *owner != "repos",
            _ => false,
        };
        call.method != "GET" || !is_page
    }

    fn page(&self, segments: &[&str]) -> Option<(String, Markup)> {
        let [owner, repo, _, number] = segments else { return Some(page::all(self)) };
        let at = Place::parse(owner, repo, number).ok()?;
        Some(page::issue(&at, &self.visible(&at).ok()?))
    }
}

fn dispatch(kept: &mut Kept<Github>, call: &Call, caller: Caller, now: Timestamp) -> Result<Reply, Reply> {
    match (call.method.as_str(), call.segments().as_slice()) {
        ("GET", ["user"]) if caller == Caller::Person => {
            let reply = Reply::ok(user(LOGIN, &call.origin));
            // Of a fine-grained token nothing is told.
            let is_classic = call.header("authorization").contains("ghp_");
            Ok(if is_classic { reply.with("x-oauth-scopes", "repo") } else { reply })
        }
        ("GET", ["user"]) => Err(of_status(403)),
        ("GET", ["user", "repos"]) => Ok(Reply::ok(json!([{"full_name": REPOSITORY}]))),
        ("POST", ["repos", owner, repo, kind @ ("issues" | "pulls")]) => {
            check_names(owner, repo)?;
            // We comment, and open nothing; what may be opened is asked for with nothing to open.
            if call.header("authorization").contains(READS) {
                return Err(refusal(403, "Resource not accessible by personal access token"));
            }
            let missing = if *kind == "issues" { "title" } else { "base" };
            Err(refusal(422, &format!("Invalid request.\n\n\"{missing}\" wasn't supplied.")))
        }
        (_, ["app", ..] | ["repos", _, _, "installation"] | ["orgs", _, "installation"]) => {
            Err(refusal(401, "A JSON web token could not be decoded"))
        }
        ("GET", ["repositories", id, "issues", number, "comments"]) => {
            comments::list(kept, call, &issues::by_id(kept, id, number)?)
        }
        ("GET", ["repos", owner, repo, "issues" | "pulls", "comments", id]) => {
            comments::one(kept, call, owner, repo, id)
        }
        ("POST", ["repos", owner, repo, "issues" | "pulls", "comments", id, "reactions"]) => {
            comments::react(kept, call, (owner, repo, id), &account(caller))
        }
        (method, ["repos", owner, repo, "issues", number, rest @ ..]) => {
            let at = &Place::parse(owner, repo, number)?;
            match (method, rest) {
                ("GET", []) => issues::get(kept, call, at),
                ("GET", ["comments"]) => comments::list(kept, call, at),
                ("POST", ["comments"]) => comments::create(kept, call, at, &account(caller), None, now),
                ("GET", ["labels"]) => issues::labels(kept, call, at),
                ("POST", ["labels"]) => issues::add_labels(kept, call, at),
                _ => Err(not_found()),
            }
        }
        (method, ["repos", owner, repo, "pulls", number, rest @ ..]) => {
            let at = &Place::parse(owner, repo, number)?.of_kind(Kind::Review);
            match (method, rest) {
                ("GET", ["comments"]) => comments::list(kept, call, at),
                ("POST", ["comments", root, "replies"]) => {
                    let root = root.parse().map_err(|_| not_found())?;
                    comments::create(kept, call, at, &account(caller), Some(root), now)
                }
                ("GET", ["files"]) => Ok(issues::files()),
                _ => Err(not_found()),
            }
        }
        ("GET", ["repos", _, _, "hooks"] | ["orgs", _, "hooks"]) => Ok(hooks::list(kept, call)),
        (
            _,
            ["repos", _, _, "hooks", "2", "deliveries", rest @ ..]
            | ["orgs", _, "hooks", "2", "deliveries", rest @ ..],
        ) => hooks::deliveries(kept, call, rest, now),
        ("GET", ["repos", owner, repo]) => {
            check_names(owner, repo)?;
            Ok(Reply::ok(json!({"full_name": format!("{owner}/{repo}"), "archived": false})))
        }
        ("GET", ["repos", _, _, "actions", "runs", run, "jobs"]) => Ok(issues::jobs(run)),
        ("GET", ["repos", _, _, "actions", "jobs", job, "logs"]) => {
            let address = format!("{}/logs/{job}", call.origin);
            Ok(Reply::new(302, Value::Null).with("location", address))
        }
        ("POST", ["graphql"]) => discussions::answer(kept, call, &account(caller), now),
        _ => Err(not_found()),
    }
}

fn account(caller: Caller) -> String {
    if caller == Caller::Person { LOGIN.to_owned() } else { format!("{LOGIN}[bot]") }
}

/// What an App may do as itself.
fn app(kept: &mut Kept<Github>, call: &Call, id: u64, now: Timestamp) -> Result<Reply, Reply> {
    let asked = |what: &str, usual: Value| kept.last_manifest.get(what).cloned().unwrap_or(usual);
    let permissions = asked("default_permissions", json!({"issues": "write", "metadata": "read"}));
    let events = asked("default_events", json!(["issues", "issue_comment"]));
    let installation = json!({
        "id": INSTALLATION, "app_id": id, "app_slug": LOGIN, "target_type": "Organization",
        "repository_selection": "all", "permissions": permissions,
    });
    match (call.method.as_str(), call.segments().as_slice()) {
        (_, ["app", "hook", "deliveries", rest @ ..]) => hooks::deliveries(kept, call, rest, now),
        ("GET", ["app", "hook", "config"]) => Ok(Reply::ok(hooks::config(kept, call))),
        ("GET", ["app"]) => Ok(Reply::ok(json!({
            "id": id, "slug": LOGIN, "name": LOGIN, "html_url": format!("{}/apps/{LOGIN}", call.origin),
            "permissions": permissions, "events": events,
        }))),
        ("GET", ["repos", owner, repo, "installation"]) => {
            check_names(owner, repo)?;
            Ok(Reply::ok(installation))
        }
        ("GET", ["orgs", _, "installation"]) => Ok(Reply::ok(installation)),
        ("POST", ["app", "installations", given, "access_tokens"]) => {
            if given.parse() != Ok(INSTALLATION) {
                return Err(not_found());
            }
            let (token, end) = kept.tokens.issue(now);
            let token = json!({
                "token": token, "expires_at": Timestamp::from_second(end.as_second()).unwrap_or(end),
                "permissions": permissions, "repository_selection": "all",
            });
            Ok(Reply::new(201, token))
        }
        _ => Err(of_status(403)),
    }
}

/// An account as it is embedded everywhere.
pub(super) fn user(login: &str, origin: &str) -> Value {
    let id = 9_919_001 + login.bytes().fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "html_url": format!("{origin}/{login}"),
        "url": format!("{origin}/users/{login}"),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" }, "site_admin": false,
    })
}
