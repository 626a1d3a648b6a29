//! Signs a request to AWS. Source: the AWS documentation, "Create a signed AWS API request" (Signature Version 4).

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

/// Who asks.
#[derive(Clone)]
pub(super) struct Identity {
    /// The id of the key.
    pub(super) key: String,
    /// The key.
    pub(super) secret: String,
    /// The token of a temporary key.
    pub(super) session: Option<String>,
}

/// What is asked, where.
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a Url,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) body: &'a str,
    /// Headers that are signed beside `host` and the date, by lower-case name.
    pub(super) headers: Vec<(String, String)>,
}

/// The headers that a request must carry to be believed.
pub(super) fn sign(identity: &Identity, target: Target<'_>, now: Timestamp) -> Vec<(String, String)> {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let host = match target.url.port() {
        Some(port) => format!("{}:{port}", target.url.host_str().unwrap_or_default()),
        None => target.url.host_str().unwrap_or_default().to_owned(),
    };
    let mut headers = target.headers;
    headers.push(("x-amz-date".to_owned(), time.clone()));
    headers.extend(identity.session.iter().map(|token| ("x-amz-security-token".to_owned(), token.clone())));
    let mut signed: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.trim())).collect();
    signed.push(("host", &host));
    signed.sort_unstable();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let mut parameters: Vec<String> = target.url.query().unwrap_or_default().split('&').map(str::to_owned).collect();
    parameters.sort_unstable();
    let request = [target.method, target.url.path(), &parameters.join("&"), &lines, &names, &hex(&Sha256::digest(target.body))].join("\n");
    let scope = format!("{day}/{}/{}/aws4_request", target.region, target.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let first = mac(format!("AWS4{}", identity.secret).as_bytes(), day);
    let key = [target.region, target.service, "aws4_request"].into_iter().fold(first, |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let proof = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", identity.key);
    headers.push(("authorization".to_owned(), proof));
    headers
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation, with its own signature.
    #[test]
    fn signs_as_the_documentation_does() {
        let identity = Identity { key: "AKIDEXAMPLE".into(), secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(), session: None };
        let url = Url::parse("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08").expect("valid");
        let target = Target {
            method: "GET",
            url: &url,
            region: "us-east-1",
            service: "iam",
            body: "",
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into())],
        };
        let now = "2015-08-30T12:36:00Z".parse().expect("valid");
        let headers = sign(&identity, target, now);
        let proof = &headers.last().expect("it is signed").1;
        assert!(proof.ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"), "{proof}");
    }
}
