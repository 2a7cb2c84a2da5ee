//! Which way to the web: proxies and certificate authorities, as cargo and curl are told them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::DocumentMut;
use ureq::Proxy;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::error::NetError;
use crate::model::Surroundings;

/// Bytes of a file of certificates; the one of Mozilla's has about 200 KB.
const CERTIFICATE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of a configuration file.
const CONFIGURATION_BYTES: u64 = 1024 * 1024;

/// Seconds without any progress: cargo's own number.
const TIMEOUT: u64 = 30;

/// The way to the web.
pub(super) struct Settings {
    pub(super) proxy: Option<Proxy>,
    pub(super) no_proxy: Vec<String>,
    pub(super) roots: RootCerts,
    pub(super) timeout: Duration,
}

/// `[http]` of the cargo home's configuration.
#[derive(Debug, Default)]
struct Http {
    proxy: Option<String>,
    cainfo: Option<PathBuf>,
    timeout: Option<u64>,
}

impl Settings {
    pub(super) fn of(surroundings: &Surroundings) -> Result<Self, NetError> {
        let transport = &surroundings.transport;
        let http = Http::read(&surroundings.cargo_home)?;
        let proxies = [
            (&transport.cargo_proxy, "`CARGO_HTTP_PROXY`"),
            (&http.proxy, "`http.proxy` of cargo's configuration"),
            (&transport.proxy, "`HTTPS_PROXY` or `ALL_PROXY`"),
        ];
        let named = proxies.into_iter().find_map(|(value, named)| Some((value.as_deref()?, named)));
        let proxy = match named {
            // Cargo takes an empty one for none at all.
            None | Some(("", _)) => None,
            Some((value, named)) => {
                let unclear = |_| NetError::Proxy { named: named.to_owned() };
                Some(Proxy::new(value).map_err(unclear)?)
            }
        };
        let files = [
            (&transport.cargo_cainfo, "`CARGO_HTTP_CAINFO`"),
            (&http.cainfo, "`http.cainfo` of cargo's configuration"),
            (&transport.cainfo, "`SSL_CERT_FILE`"),
        ];
        let named = files.into_iter().find_map(|(file, named)| Some((file.as_deref()?, named)));
        let roots = match named {
            None => RootCerts::WebPki,
            Some((file, named)) => authorities(file)
                .map_err(|source| NetError::Authorities { named: named.to_owned(), source })?,
        };
        let no_proxy = transport.no_proxy.as_deref().unwrap_or_default();
        let seconds = transport.timeout.or(http.timeout).unwrap_or(TIMEOUT);
        Ok(Self {
            proxy,
            no_proxy: no_proxy
                .split([',', ' '])
                .filter(|entry| !entry.is_empty())
                .map(str::to_owned)
                .collect(),
            roots,
            timeout: Duration::from_secs(seconds.min(3_600)),
        })
    }

    /// Whether a host is reached without the proxy.
    pub(super) fn is_direct(&self, host: &str) -> bool {
        self.no_proxy.iter().any(|entry| is_within(host, entry))
    }
}

impl Http {
    /// What the cargo home says. A repository's own configuration does not say whom this program asks.
    fn read(cargo_home: &Path) -> Result<Self, NetError> {
        let files = ["config", "config.toml"].map(|name| cargo_home.join(name));
        let Some(file) = files.into_iter().find(|file| file.exists()) else { return Ok(Self::default()) };
        let failed = |source| NetError::Configuration { file: file.display().to_string(), source };
        let bytes = read(&file, CONFIGURATION_BYTES).map_err(failed)?;
        let invalid = |text: String| failed(io::Error::new(io::ErrorKind::InvalidData, text));
        let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8".to_owned()))?;
        let document = text.parse::<DocumentMut>();
        let document = document.map_err(|error| invalid(error.message().to_owned()))?;
        let http = document.get("http");
        let value = |key: &str| http.and_then(|http| http.get(key));
        let text = |key| value(key).and_then(|value| value.as_str()).map(str::to_owned);
        Ok(Self {
            proxy: text("proxy"),
            // Paths in a configuration count from the folder that holds `.cargo`.
            cainfo: text("cainfo").map(|path| cargo_home.parent().unwrap_or(cargo_home).join(path)),
            timeout: value("timeout")
                .and_then(|value| value.as_integer())
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0),
        })
    }
}

/// Whether an entry of `NO_PROXY` is about a host, as curl reads it: `example.org` and `.example.org` are about the host and
/// all below it, `*` about every one.
fn is_within(host: &str, entry: &str) -> bool {
    let entry = entry.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
    if entry == "*" {
        return true;
    }
    let (host, entry) = (host.to_ascii_lowercase(), entry.to_ascii_lowercase());
    !entry.is_empty() && host.strip_suffix(&entry).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn authorities(file: &Path) -> io::Result<RootCerts> {
    let bytes = read(file, CERTIFICATE_BYTES)?;
    let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut found: Vec<Certificate<'static>> = vec![];
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| invalid("it is not PEM"))? {
            found.push(certificate);
        }
    }
    match found.is_empty() {
        true => Err(invalid("it holds no certificate")),
        false => Ok(RootCerts::new_with_certs(&found)),
    }
}

fn read(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write to it.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = vec![];
    File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_proxy_are_found_as_curl_finds_them() {
        for (host, entry, direct) in [
            ("example.org", "example.org", true),
            ("a.Example.org", ".example.ORG", true),
            ("a.example.org", "*.example.org", true),
            ("badexample.org", "example.org", false),
            ("example.org", "a.example.org", false),
            ("example.org", "*", true),
            ("::1", "[::1]", true),
            ("example.org", ".", false),
        ] {
            assert_eq!(is_within(host, entry), direct, "{host} {entry}");
        }
    }

    #[test]
    fn the_cargo_home_says_how_to_get_out() {
        let home = tempfile::tempdir().expect("temp");
        let text = "[http]\nproxy = \"http://p:1\"\ncainfo = \"ca.pem\"\ntimeout = 7\n";
        fs::write(home.path().join("config.toml"), text).expect("write");
        let http = Http::read(home.path()).expect("configuration");
        assert_eq!(http.proxy.as_deref(), Some("http://p:1"));
        assert_eq!(http.cainfo, Some(home.path().parent().expect("a parent").join("ca.pem")));
        assert_eq!(http.timeout, Some(7));
        fs::write(home.path().join("config.toml"), "http = [").expect("write");
        assert!(matches!(Http::read(home.path()), Err(NetError::Configuration { .. })));
    }

    #[test]
    fn authorities_that_are_none_are_never_passed_over() {
        let folder = tempfile::tempdir().expect("temp");
        let file = folder.path().join("ca.pem");
        assert!(authorities(&file).is_err());
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
            fs::write(&file, text).expect("write");
            assert!(authorities(&file).is_err(), "{text}");
        }
    }
}
