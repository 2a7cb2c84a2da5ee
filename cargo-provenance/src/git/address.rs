//! Addresses of repositories, as far as git may be told about them.
//!
//! A package names its repository itself, and whoever publishes it may write anything there: an option, a program to run
//! (`ext::`), a file of this machine, somebody's credentials. Only what can be nothing but an address of the web gets through.

use std::fmt;

/// Bytes of an address: what browsers and servers take.
const BYTES: usize = 2_000;

/// The transports that git may use for an address that a package names. `ssh` is there for those who let git rewrite addresses
/// of the web (`url.….insteadOf`); a server cannot lead there.
const OF_PACKAGES: &str = "http:https:ssh";

/// The address of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: String,
    transports: String,
}

impl Address {
    /// Reads what a package names: a page of the web, perhaps one of a folder in the repository. The error is a fragment that
    /// follows the address.
    pub fn of_package(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = split(text)?;
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err("is no address of the web");
        }
        // A page of a host shows a folder or a commit below these; no repository has such a name.
        let rest = ["/-/", "/tree/", "/blob/", "/src/branch/", "/commit/"]
            .iter()
            .find_map(|page| rest.split_once(page))
            .map_or(rest, |(repository, _)| repository);
        let (host, path) = rest.split_once('/').ok_or("names no repository")?;
        let path = path.trim_matches('/');
        if path.is_empty() || !is_host(host) {
            return Err("names no repository");
        }
        if host.contains('@') {
            return Err("holds credentials");
        }
        Ok(Self { url: format!("{scheme}://{host}/{path}"), transports: OF_PACKAGES.to_owned() })
    }

    /// Reads what a person names, who may also reach a repository by `ssh`, `git` or `file`.
    pub fn of_person(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = split(text)?;
        let host = rest.split('/').next().unwrap_or_default();
        match scheme.as_str() {
            "file" if rest.starts_with('/') => {}
            "file" => return Err("names no folder of this machine"),
            "git" | "http" | "https" | "ssh" => {
                let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
                if user.contains(':') || (!user.is_empty() && scheme != "ssh") {
                    return Err("holds credentials, which belong into git's own keeping");
                }
                // What begins with a hyphen is an option to ssh.
                if user.starts_with('-') || !is_host(host) {
                    return Err("names no host");
                }
            }
            _ => return Err("is no `https`, `http`, `ssh`, `git` or `file` address"),
        }
        let transports = if scheme == "file" { "file".to_owned() } else { format!("{OF_PACKAGES}:{scheme}") };
        Ok(Self { url: format!("{scheme}://{rest}"), transports })
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.url.starts_with("file:")
    }

    /// What `GIT_ALLOW_PROTOCOL` is to be.
    pub(super) fn transports(&self) -> &str {
        &self.transports
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The scheme, in lowercase, and the rest without fragment.
fn split(text: &str) -> Result<(String, &str), &'static str> {
    let text = text.trim();
    let text = text.split_once('#').map_or(text, |(text, _)| text);
    // `git+https://` is how cargo and npm spell it.
    let text = text.strip_prefix("git+").unwrap_or(text);
    if text.len() > BYTES {
        return Err("is too long");
    }
    // Nothing that a shell, a terminal or git's own rewriting would see something in.
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/:@%+[]".contains(&byte)) {
        return Err("has a character that belongs in no address of a repository");
    }
    let (scheme, rest) = text.split_once("://").ok_or("is no address")?;
    if rest.split('/').any(|part| part == "..") {
        return Err("leads upward");
    }
    Ok((scheme.to_ascii_lowercase(), rest))
}

/// `example.org`, `[::1]:8080`.
fn is_host(host: &str) -> bool {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && !host.contains('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_web_lead_to_their_repository() {
        for (named, expected) in [
            ("https://github.com/a/b", "https://github.com/a/b"),
            ("https://github.com/a/b/", "https://github.com/a/b"),
            ("HTTPS://github.com/a/b.git", "https://github.com/a/b.git"),
            (" git+https://example.org/a ", "https://example.org/a"),
            ("https://github.com/a/b/tree/main/crates/c", "https://github.com/a/b"),
            ("https://github.com/a/b#readme", "https://github.com/a/b"),
            ("https://gitlab.com/g/h/b/-/tree/main/c", "https://gitlab.com/g/h/b"),
            ("https://codeberg.org/a/b/src/branch/main/c", "https://codeberg.org/a/b"),
            ("http://[::1]:80/a", "http://[::1]:80/a"),
        ] {
            let address = Address::of_package(named).expect(named);
            assert_eq!(address.as_str(), expected);
            assert!(!address.transports().contains("file") && !address.is_local());
        }
    }

    #[test]
    fn whatever_is_no_page_of_the_web_is_refused() {
        for named in [
            "",
            "--upload-pack=touch x",
            "-oProxyCommand=x",
            "ext::sh -c touch% x",
            "ext::https://example.org/a",
            "https://example.org/a --upload-pack=x",
            "file:///etc",
            "/etc",
            "../x",
            "ssh://git@example.org/a",
            "git@example.org:a/b",
            "git://example.org/a",
            "https://user:secret@example.org/a",
            "https://token@example.org/a",
            "https://-oProxyCommand=x/a",
            "https://example.org",
            "https://example.org/",
            "https:///a",
            "https://example.org/a/../../b",
            "https://example.org/a?x=y",
            "https://example.org/$(touch x)",
            "https://example.org/a\nb",
            "https://example.org/\u{202e}a",
            "https://exa%6dple.org/a",
        ] {
            assert!(Address::of_package(named).is_err(), "{named}");
        }
        assert!(Address::of_package(&format!("https://example.org/{}", "a".repeat(BYTES))).is_err());
    }

    #[test]
    fn a_person_may_name_more_and_still_no_program() {
        for (named, transports) in [
            ("file:///srv/a", "file"),
            ("ssh://git@example.org:22/a", "http:https:ssh:ssh"),
            ("git://example.org/a", "http:https:ssh:git"),
            ("https://example.org/a", "http:https:ssh:https"),
        ] {
            let address = Address::of_person(named).expect(named);
            assert_eq!((address.as_str(), address.transports()), (named, transports));
        }
        for named in [
            "ext::sh -c id",
            "file://host/a",
            "file://../a",
            "ssh://-oProxyCommand=x/a",
            "ssh://-oProxyCommand=x@example.org/a",
            "ssh://git:secret@example.org/a",
            "https://token@example.org/a",
            "--upload-pack=x",
            "example.org/a",
        ] {
            assert!(Address::of_person(named).is_err(), "{named}");
        }
    }
}
