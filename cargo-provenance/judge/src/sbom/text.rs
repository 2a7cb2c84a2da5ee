//! Text of manifests, made fit for a document: harmless, of bounded length, and URLs and addresses only where they are some.

use std::borrow::Cow;

use crate::model::is_harmful;

/// Characters of one line: a description on crates.io has at most 1,000.
const LINE: usize = 1_000;

/// Characters of a name of somebody.
const NAME: usize = 200;

/// Bytes of a URL: what browsers and registries agree on.
const URL_BYTES: usize = 2_000;

/// A person or an organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The website.
    pub url: Option<String>,
}

impl Contact {
    /// Somebody of whom only the name is known.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), email: None, url: None }
    }

    /// Reads `NAME <ADDRESS>`, where the address is one of e-mail or a URL, as manifests have it. What is no address is left out;
    /// where nothing but an address is there, it is the name too.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default().trim()),
            None => (text, text.trim()),
        };
        let email = is_email(address).then(|| address.to_owned());
        let url = url(address);
        let name = cut(&line(name), NAME);
        let name = if name.is_empty() { email.clone().or_else(|| url.clone())? } else { name };
        Some(Self { name, email, url })
    }
}

/// One harmless line: white space is a single blank, and what acts on a terminal or cannot be seen is `\u{…}`. A bracket behind
/// `##` would begin a command of some CI systems, which read what is printed.
pub fn line(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if out.len() > LINE * 4 {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars().take(LINE + 1) {
            if is_harmful(c) {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
        }
    }
    if out.contains("##") {
        out = out.replace('[', "(");
    }
    cut(&out, LINE)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// The URL, if it is one of the web that any reader takes: RFC 3986 without a user.
pub fn url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_right = text.len() <= URL_BYTES && is_host(host) && is_path(path);
    is_right.then(|| text.to_owned())
}

/// The URL of a repository: one of the web, or of git's own protocols.
pub fn repository(text: &str) -> Option<String> {
    let text = without_password(text.strip_prefix("git+").unwrap_or(text));
    let other = ["ssh://", "git://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    match other {
        None => url(&text),
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find('/')?);
            let host = host.split_once('@').map_or(host, |(_, host)| host);
            let is_right = text.len() <= URL_BYTES && is_host(host) && is_path(path);
            is_right.then(|| text.into_owned())
        }
    }
}

/// A URL without the password that somebody wrote into it. One of the web loses its user, too: forges take a token for one.
pub fn without_password(url: &str) -> Cow<'_, str> {
    let Some(start) = url.find("://").map(|at| at + 3) else { return Cow::Borrowed(url) };
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let Some(at) = url[start..end].rfind('@').map(|at| start + at) else { return Cow::Borrowed(url) };
    if url[..start].ends_with("http://") || url[..start].ends_with("https://") {
        return Cow::Owned(format!("{}{}", &url[..start], &url[at + 1..]));
    }
    match url[start..at].find(':') {
        Some(colon) => Cow::Owned(format!("{}{}", &url[..start + colon], &url[at..])),
        None => Cow::Borrowed(url),
    }
}

fn is_host(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Path, query and fragment (RFC 3986, sections 3.3 to 3.5).
fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let fits = |(at, byte): (usize, &u8)| match byte {
        b'%' => is_hex(at + 1) && is_hex(at + 2),
        byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?#".contains(byte),
    };
    bytes.iter().enumerate().all(fits) && text.matches('#').count() <= 1
}

/// An address that every reader takes: what RFC 5321 calls a dot-string at a host with a domain.
fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    user.len() <= 64
        && user.split('.').all(atom)
        && host.contains('.')
        && !host.contains(':')
        && is_host(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_url_is_none() {
        for good in ["https://a.example/x?y=%20#z", "http://localhost:8080", "https://h/~a/(b)"] {
            assert_eq!(url(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "https://",
            "javascript:alert(1)",
            "https://a b/",
            "https://u:p@h/",
            "https://h/\u{202e}",
            "https://h/%zz",
            "https://h/a\nb",
            "https://-h/",
            "https://h:0/",
            "https://h:99999/",
            "https://h/#a#b",
            "ftp://h/",
            "https://h/<x>",
            "https://.h/",
            "HTTPS://h/",
        ] {
            assert_eq!(url(bad), None, "{bad:?}");
        }
        assert_eq!(repository("git+ssh://git:secret@h.example/r").as_deref(), Some("ssh://git@h.example/r"));
        assert_eq!(repository("git@h.example:r"), None);
        // Some forges take a token in the place of a user.
        assert_eq!(without_password("git+https://token@h.example/r@1"), "git+https://h.example/r@1");
        assert_eq!(repository("https://token:x@h.example/r").as_deref(), Some("https://h.example/r"));
    }

    #[test]
    fn somebody_is_a_name_and_maybe_an_address() {
        let contact = |name: &str, email: Option<&str>, url: Option<&str>| {
            Some(Contact { name: name.into(), email: email.map(Into::into), url: url.map(Into::into) })
        };
        for (text, expected) in [
            ("A B <a.b@h.example>", contact("A B", Some("a.b@h.example"), None)),
            ("Team <https://h.example/>", contact("Team", None, Some("https://h.example/"))),
            ("a@h.example", contact("a@h.example", Some("a@h.example"), None)),
            ("<a@h.example>", contact("a@h.example", Some("a@h.example"), None)),
            ("A <not an address>", contact("A", None, None)),
            ("A <a@@h.example>", contact("A", None, None)),
            ("A <a@h>", contact("A", None, None)),
            ("A\u{202e}B\n\u{1b}[2J <x", contact("A\\u{202e}B \\u{1b}[2J", None, None)),
            ("", None),
            (" <> ", None),
        ] {
            assert_eq!(Contact::parse(text), expected, "{text:?}");
        }
        let absurd = Contact::parse(&"x".repeat(1_000_000)).expect("a name");
        assert_eq!(absurd.name.chars().count(), NAME + 1);
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(is_harmful));
            prop_assert!(line(&text).chars().count() <= LINE + 1);
            if let Some(contact) = Contact::parse(&text) {
                prop_assert!(!contact.name.is_empty() && !contact.name.chars().any(is_harmful));
            }
            prop_assert!(url(&text).is_none_or(|url| url.bytes().all(|b| b.is_ascii_graphic())));
            let _ = (repository(&text), without_password(&text));
        }
    }
}
