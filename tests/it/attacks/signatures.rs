//! Forged, cut, doubled and borrowed signatures.

use e2e::hooks::{self, SECRET};
use http::HeaderMap;

use super::scene::{MIRROR_SECRET, Record, Scene, fresh, headers, now, slack_signed};

const NAME: &str = "x-hub-signature-256";

fn with(mut headers: HeaderMap, value: &str) -> HeaderMap {
    headers.insert(NAME, value.parse().unwrap());
    headers
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("signatures").await;
    let (genuine, body) = fresh(8);
    let signature = genuine[NAME].to_str().unwrap().to_owned();
    let hex = signature.strip_prefix("sha256=").unwrap();
    let mut unsigned = genuine.clone();
    unsigned.remove(NAME);
    scene.refused("no signature", scene.hook("github", unsigned.clone(), body.clone()).await).await;
    for (name, value) in [
        ("an empty signature", String::new()),
        ("a prefix without a signature", "sha256=".to_owned()),
        ("the beginning of the signature", signature[..39].to_owned()),
        ("the signature in upper case", format!("sha256={}", hex.to_uppercase())),
        ("the signature without its prefix", hex.to_owned()),
        ("an older hash", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned()),
        ("no hash at all", "none=".to_owned()),
        ("a list with the signature in it", format!("sha256={},{signature}", "0".repeat(64))),
        ("the signature and something behind it", format!("{signature}00")),
        ("blanks in the signature", format!("sha256= {hex}")),
        ("zeros", format!("sha256={}", "0".repeat(64))),
        ("the secret itself", SECRET.to_owned()),
    ] {
        let heard = scene.hook("github", with(genuine.clone(), &value), body.clone()).await;
        scene.refused(name, heard).await;
    }
    for (name, secret) in [
        ("an empty key", ""),
        ("a key of blanks", " "),
        ("a guessed key", "secret"),
        ("a mirror's key", MIRROR_SECRET),
    ] {
        let heard = scene.hook("github", hooks::signed_with(secret, "issues", &body), body.clone()).await;
        scene.refused(name, heard).await;
    }
    let mut two = unsigned.clone();
    two.append(NAME, format!("sha256={}", "0".repeat(64)).parse().unwrap());
    two.append(NAME, signature.parse().unwrap());
    scene.refused("two signatures, one of them right", scene.hook("github", two, body.clone()).await).await;
    let (other, _) = fresh(9);
    scene.refused("the signature of another body", scene.hook("github", other, body.clone()).await).await;
    let mut longer = body.clone();
    longer.push(b'\n');
    scene.refused("a byte behind the signed ones", scene.hook("github", genuine.clone(), longer).await).await;
    scene
        .refused("a body without its last byte", {
            scene.hook("github", genuine.clone(), body[..body.len() - 1].to_vec()).await
        })
        .await;
    scene
        .refused("a signed body at another source", scene.hook("mirror", genuine.clone(), body.clone()).await)
        .await;
    scene.refused("GitHub's signature at Slack", scene.hook("slack", genuine, body.clone()).await).await;
    let slack = slack_signed(&body, now());
    scene.refused("Slack's signature at GitHub", scene.hook("github", slack, body.clone()).await).await;
    let plain = headers(&[("content-type", "application/json"), ("x-gitlab-token", SECRET)]);
    scene.refused("the secret as another sender's token", scene.hook("github", plain, body).await).await;
    scene.leave().await
}
