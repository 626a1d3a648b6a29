//! Where an HTTP source of evidence is, and which secret it wants: named by variable or file, never written down.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::MigrationError;
use super::table::{Document, Entry, Table};

/// Long enough for a slow query, short enough that a run under the lease is not held up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An HTTP service and how to ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address, without credentials.
    pub url: Url,
    /// What it wants to be shown.
    pub credential: Option<Credential>,
    /// Further headers, none of them secret.
    pub headers: Vec<(String, String)>,
    /// `ca_file`: the certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// `timeout`: how long one request may take. Default 10 seconds.
    pub timeout: Duration,
}

/// A secret and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Where the secret is.
    pub secret: SecretSource,
    /// How it is sent.
    pub scheme: Scheme,
}

/// Where a secret is read from, each time that it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// This environment variable.
    Variable(String),
    /// This file.
    File(PathBuf),
}

/// How a secret is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …` with this user.
    Basic(String),
    /// As it is, in this header.
    Header(String),
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SecretSource::Variable(name) => write!(f, "${name}"),
            SecretSource::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Endpoint {
    /// Reads the keys that every HTTP source has: `url`, `token_env` or `token_file`, `header` or `user`, `headers`,
    /// `ca_file`, `timeout`. `usual` is how the service wants its token where the file does not say.
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>, usual: Scheme) -> Result<Endpoint, MigrationError> {
        let (url, url_at) = table.required("url", at)?;
        let url = read_url(table.document(), &url, url_at)?;
        Endpoint::at(table, url, usual)
    }

    /// As [`Endpoint::read`], for a service whose address is known unless `url` says otherwise.
    pub(super) fn read_or(table: &mut Table<'_>, known: &str, usual: Scheme) -> Result<Endpoint, MigrationError> {
        let document = table.document();
        let (text, at) = table.text("url")?.unwrap_or((known.to_owned(), 0..0));
        let url = read_url(document, &text, at)?;
        Endpoint::at(table, url, usual)
    }

    fn at(table: &mut Table<'_>, url: Url, usual: Scheme) -> Result<Endpoint, MigrationError> {
        let document = table.document();
        Ok(Endpoint {
            url,
            credential: read_credential(table, usual)?,
            headers: match table.table("headers")? {
                Some(headers) => headers.entries()?.into_iter().map(|header| read_header(document, header)).collect::<Result<_, _>>()?,
                None => Vec::new(),
            },
            ca_file: table.text("ca_file")?.map(|(path, _)| PathBuf::from(path)),
            timeout: table.duration("timeout")?.unwrap_or(TIMEOUT),
        })
    }

    /// With its files beside the project's file.
    #[must_use]
    pub fn rooted(mut self, root: &Path) -> Endpoint {
        self.root(root);
        self
    }

    /// Puts its files beside the project's file.
    pub(super) fn root(&mut self, root: &Path) {
        if let Some(path) = &mut self.ca_file {
            *path = root.join(&path);
        }
        if let Some(Credential { secret: SecretSource::File(path), .. }) = &mut self.credential {
            *path = root.join(&path);
        }
    }
}

/// Headers that carry a secret: they come from the environment or a file.
const SECRET_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Reads one further header.
fn read_header(document: Document<'_>, ((name, name_at), (value, value_at)): Entry) -> Result<(String, String), MigrationError> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(document.fault(name_at, format!("`{name}` is no name of a header")));
    }
    if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(
            document.fault(name_at, format!("`{name}` carries a secret: name where it comes from with `token_env` or `token_file`"))
        );
    }
    if !value.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        return Err(document.fault(value_at, format!("the value of `{name}` holds what a header cannot")));
    }
    Ok((name, value))
}

/// Reads an address. One that holds a secret is refused: it would end up in logs and in the ledger.
pub(super) fn read_url(document: Document<'_>, text: &str, at: Range<usize>) -> Result<Url, MigrationError> {
    let url = Url::parse(text).map_err(|error| document.fault(at.clone(), format!("`url` is no address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(document.fault(at, "`url` must begin with http:// or https:// and a host".to_owned()));
    }
    if url.password().is_some() || !url.username().is_empty() {
        let message = "`url` holds credentials: write `user` and `token_env` (or `token_file`) instead".to_owned();
        return Err(document.fault(at, message));
    }
    Ok(url)
}

fn read_credential(table: &mut Table<'_>, usual: Scheme) -> Result<Option<Credential>, MigrationError> {
    let document = table.document();
    let variable = table.text("token_env")?;
    let file = table.text("token_file")?;
    let header = table.text("header")?;
    let user = table.text("user")?;
    let secret = match (variable, file) {
        (Some(_), Some((_, at))) => return Err(document.fault(at, "give either `token_env` or `token_file`, not both".to_owned())),
        (Some((name, at)), None) => {
            // Whoever writes the token itself here by mistake must not find it in an error message.
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_name {
                let message = "`token_env` must be the name of an environment variable: capitals, digits and `_`".to_owned();
                return Err(document.fault(at, message));
            }
            Some(SecretSource::Variable(name))
        }
        (None, Some((path, _))) => Some(SecretSource::File(PathBuf::from(path))),
        (None, None) => None,
    };
    let scheme = match (header, user) {
        (Some(_), Some((_, at))) => return Err(document.fault(at, "give either `header` or `user`, not both".to_owned())),
        (Some((name, at)), None) => {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(document.fault(at, "`header` must be the name of an HTTP header, such as \"X-API-Key\"".to_owned()));
            }
            need(document, secret.as_ref(), &at)?;
            Scheme::Header(name)
        }
        (None, Some((user, at))) => {
            need(document, secret.as_ref(), &at)?;
            Scheme::Basic(user)
        }
        (None, None) => usual,
    };
    Ok(secret.map(|secret| Credential { secret, scheme }))
}

fn need(document: Document<'_>, secret: Option<&SecretSource>, at: &Range<usize>) -> Result<(), MigrationError> {
    match secret {
        Some(_) => Ok(()),
        None => Err(document.fault(at.clone(), "this needs `token_env` or `token_file`: where the secret is".to_owned())),
    }
}
