//! The outputs of a stack, asked of CloudFormation: one signed request, in place of a client that would double the build.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use crate::Failure;
use crate::command::http;

const SERVICE: &str = "cloudformation";
/// The only version that there is.
const VERSION: &str = "2010-05-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The outputs of the stack called `name`, by their names.
pub(super) async fn outputs(sdk: &SdkConfig, name: &str) -> Result<BTreeMap<String, String>, Failure> {
    let what = format!("the outputs of the stack {name}");
    let region = sdk.region().map(ToString::to_string).ok_or_else(|| {
        Failure::new(format!(
            "{what}: there is no region; set AWS_REGION, or AWS_PROFILE to a profile that has one"
        ))
    })?;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let public = || format!("https://{SERVICE}.{region}.{suffix}/");
    let url = sdk.endpoint_url().map_or_else(public, |url| format!("{}/", url.trim_end_matches('/')));
    let body = form(name);
    let mut request = http::client()?.post(&url).header("content-type", FORM).body(body.clone());
    for (name, value) in signature(sdk, &region, &url, &body).await.map_err(|why| Failure::at(&what, why))? {
        request = request.header(name, value);
    }
    let failed = |error: reqwest::Error| Failure::at(&what, http::reason(&error));
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let text = answer.text().await.map_err(failed)?;
    if !status.is_success() {
        let said = element(&text, "Message").unwrap_or_else(|| status.to_string());
        return Err(Failure::at(&what, said));
    }
    Ok(read(&text))
}

fn form(name: &str) -> String {
    let mut form = reqwest::Url::parse("https://form.invalid/").ok();
    if let Some(form) = &mut form {
        form.query_pairs_mut()
            .append_pair("Action", "DescribeStacks")
            .append_pair("Version", VERSION)
            .append_pair("StackName", name);
    }
    form.and_then(|form| form.query().map(str::to_owned)).unwrap_or_default()
}

/// The headers that prove who asks.
async fn signature(
    sdk: &SdkConfig,
    region: &str,
    url: &str,
    body: &str,
) -> Result<Vec<(String, String)>, String> {
    let provider = sdk.credentials_provider().ok_or("there are no AWS credentials")?;
    let credentials = provider.provide_credentials().await;
    let identity: Identity =
        credentials.map_err(|error| format!("there are no AWS credentials: {error}"))?.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let headers = [("content-type", FORM)].into_iter();
    let request = SignableRequest::new("POST", url, headers, SignableBody::Bytes(body.as_bytes()))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &params.into()).map_err(|error| error.to_string())?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The pairs of `<OutputKey>` and `<OutputValue>` in an answer.
fn read(xml: &str) -> BTreeMap<String, String> {
    let members = xml.split("<member>").skip(1);
    members
        .filter_map(|member| Some((element(member, "OutputKey")?, element(member, "OutputValue")?)))
        .collect()
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(unescaped(text))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_whatever_else_the_answer_has() {
        let xml = "<DescribeStacksResult><Stacks><member><StackName>prod</StackName><Outputs>\
                   <member><OutputKey>A</OutputKey><OutputValue>https://x/?a=1&amp;b=2</OutputValue></member>\
                   <member><Description>d</Description><OutputValue>v</OutputValue><OutputKey>B</OutputKey></member>\
                   </Outputs><Parameters><member><ParameterKey>P</ParameterKey></member></Parameters></member></Stacks>";
        let read = read(xml);
        assert_eq!(read.get("A").map(String::as_str), Some("https://x/?a=1&b=2"));
        assert_eq!(read.get("B").map(String::as_str), Some("v"));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_name_is_escaped() {
        assert_eq!(form("a&b"), "Action=DescribeStacks&Version=2010-05-15&StackName=a%26b");
    }
}
