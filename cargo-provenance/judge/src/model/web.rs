//! Addresses of the web that this program itself fetches from.
//!
//! Only what can be nothing but such an address gets through: `https`, and `http` to this machine alone. Credentials have no
//! place in it: a policy is committed, and an address is printed.

use std::fmt;

/// Bytes of an address: what browsers and servers take.
const BYTES: usize = 2_000;

/// Where to fetch something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebAddress {
    is_secure: bool,
    authority: String,
    /// The path with its query, which begins with `/`.
    path: String,
}

/// Why something is no address to fetch from. The text follows the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebAddressError {
    /// It holds a name or a password.
    #[error("holds credentials")]
    Credentials,
    /// It points into a page.
    #[error("has a `#`, which is never sent")]
    Fragment,
    /// Its host is none.
    #[error("names no host")]
    Host,
    /// Everybody on the way could answer it.
    #[error("is not protected; only `https` is fetched")]
    Insecure,
    /// It is longer than any.
    #[error("is longer than {BYTES} bytes")]
    Long,
    /// It is of another kind.
    #[error("is no `https` address")]
    Scheme,
    /// It has characters that stand in none.
    #[error("has characters that stand in no address")]
    Text,
}

impl WebAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// Everything but `https`, or `http` to a loopback address.
    pub fn parse(text: &str) -> Result<Self, WebAddressError> {
        if text.len() > BYTES {
            return Err(WebAddressError::Long);
        }
        let is_odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`');
        let is_odd = |c: char| is_odd(c) || matches!(c, '{' | '|' | '}');
        if text.is_empty() || text.contains(is_odd) {
            return Err(WebAddressError::Text);
        }
        let (scheme, rest) = text.split_once("://").ok_or(WebAddressError::Scheme)?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(WebAddressError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(WebAddressError::Credentials);
        }
        let authority = authority.to_ascii_lowercase();
        let host = host_of(&authority).ok_or(WebAddressError::Host)?;
        if !is_secure && !is_loopback(host) {
            return Err(WebAddressError::Insecure);
        }
        if path.contains('#') {
            return Err(WebAddressError::Fragment);
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { is_secure, authority, path })
    }

    /// Where a redirection from here leads.
    ///
    /// # Errors
    ///
    /// As [`WebAddress::parse`]; and `http`, once `https` was asked.
    pub fn redirected(&self, location: &str) -> Result<Self, WebAddressError> {
        // What a server adds for a browser is of no use to a program.
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if self.is_secure { "https" } else { "http" };
        let Self { authority, path, .. } = self;
        let path = path.split('?').next().unwrap_or("/");
        let has_scheme = location.find(':').is_some_and(|colon| {
            location[..colon].chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        });
        let absolute = match location {
            _ if has_scheme => location.to_owned(),
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
            _ if location.starts_with('?') => format!("{scheme}://{authority}{path}{location}"),
            _ => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{scheme}://{authority}{folder}/{location}")
            }
        };
        let next = Self::parse(&absolute)?;
        match self.is_secure && !next.is_secure {
            true => Err(WebAddressError::Insecure),
            false => Ok(next),
        }
    }

    /// The whole address, as it is fetched and as it is written to a policy.
    pub fn as_written(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// The host, without a port and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        host_of(&self.authority).unwrap_or_default()
    }

    /// Whether it is protected on the way; if not, it is this machine's own.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }
}

/// The address as it may be printed: a query can hold a token.
impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.as_written();
        match whole.split_once('?') {
            Some((before, _)) => write!(f, "{before}?…"),
            None => f.write_str(&whole),
        }
    }
}

/// The host of an authority, where both it and the port are such.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<core::net::Ipv6Addr>().ok()?;
            (host, port.strip_prefix(':').or(port.is_empty().then_some("1"))?)
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty()
                || host.len() > 253
                || host.starts_with(['-', '.'])
                || !host.chars().all(is_plain)
            {
                return None;
            }
            (host, port)
        }
    };
    let is_port =
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port.then_some(host)
}

/// Whether a host is this machine by its number: a name could be anybody's.
fn is_loopback(host: &str) -> bool {
    host.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::WebAddressError as Error;
    use super::*;

    #[test]
    fn only_protected_addresses_and_this_machine_get_through() {
        for text in [
            "https://example.org/audits.toml",
            "https://example.org:8443/a?format=TEXT",
            "http://127.0.0.1:8080/a",
            "http://[::1]:80/a",
        ] {
            assert_eq!(WebAddress::parse(text).expect(text).as_written(), text);
        }
        assert_eq!(
            WebAddress::parse("HTTPS://Example.ORG").expect("bare").as_written(),
            "https://example.org/"
        );
        for (text, error) in [
            ("http://example.org/a", Error::Insecure),
            ("http://localhost/a", Error::Insecure),
            ("http://127.0.0.1.example.org/a", Error::Insecure),
            ("http://127.1/a", Error::Insecure),
            ("https://me:secret@example.org/", Error::Credentials),
            ("https://token@example.org/", Error::Credentials),
            ("http://127.0.0.1@example.org/", Error::Credentials),
            ("file:///etc/passwd", Error::Scheme),
            ("ftp://example.org/", Error::Scheme),
            ("audits.toml", Error::Scheme),
            ("https:///audits.toml", Error::Host),
            ("https://-oProxy/", Error::Host),
            ("https://example.org:99999/", Error::Host),
            ("https://example.org:/", Error::Host),
            ("https://[::1/", Error::Host),
            ("https://example.org/#a", Error::Fragment),
            ("https://example.org\\@evil/", Error::Text),
            ("https://example.org/\r\nHost: evil", Error::Text),
            ("https://ex\u{202e}ample.org/", Error::Text),
            ("", Error::Text),
        ] {
            assert_eq!(WebAddress::parse(text), Err(error), "{text}");
        }
        assert_eq!(WebAddress::parse(&format!("https://h/{}", "a".repeat(2_000))), Err(Error::Long));
    }

    #[test]
    fn a_redirection_stays_protected() {
        let from = WebAddress::parse("https://example.org/sets/a.toml?x=1").expect("an address");
        for (location, to) in [
            ("https://other.example/b", "https://other.example/b"),
            ("//other.example/b", "https://other.example/b"),
            ("/b", "https://example.org/b"),
            ("b#top", "https://example.org/sets/b"),
            ("?y=2", "https://example.org/sets/a.toml?y=2"),
        ] {
            assert_eq!(from.redirected(location).expect(location).as_written(), to);
        }
        for (location, error) in [
            ("http://example.org/b", Error::Insecure),
            ("http://127.0.0.1/b", Error::Insecure),
            ("file:///etc/passwd", Error::Scheme),
            ("javascript:alert(1)", Error::Scheme),
            ("https://a@example.org/", Error::Credentials),
            ("/a\u{1b}[2J", Error::Text),
        ] {
            assert_eq!(from.redirected(location), Err(error), "{location}");
        }
    }

    #[test]
    fn what_is_printed_holds_no_query() {
        let address = WebAddress::parse("https://example.org/a?token=secret").expect("an address");
        assert_eq!(address.to_string(), "https://example.org/a?…");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", location in "(https?:)?/{0,2}[a-z\\[\\]:@?#/.0-9\\PC]*") {
            let _ = WebAddress::parse(&text);
            let _ = WebAddress::parse(&location);
            let from = WebAddress::parse("https://h/a/b").expect("an address");
            if let Ok(to) = from.redirected(&location) {
                prop_assert!(to.is_secure());
                prop_assert_eq!(WebAddress::parse(&to.as_written()), Ok(to));
            }
        }
    }
}
