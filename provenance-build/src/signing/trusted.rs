//! Trusted keys in the line form of `allowed_signers` (ssh-keygen(1), "ALLOWED SIGNERS").

use std::path::{Path, PathBuf};

use super::NAMESPACE;
use super::key::PublicKey;
use crate::error::Error;
use crate::moment::Moment;

/// Keys in one list: far more than people who sign one manifest.
const MOST_KEYS: usize = 1_024;
const HELP: &str = "write `NAME ssh-ed25519 AAAA…`, as `cargo provenance key show` prints it";

/// A key whose signature counts, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// Whose it is: the principals of the line; empty where it names none.
    pub principals: String,
    /// The file that names it; empty for a key that `build.rs` names.
    pub file: PathBuf,
    /// The line in that file.
    pub line: u32,
    here: bool,
    after: Option<Moment>,
    before: Option<Moment>,
}

impl TrustedKey {
    /// Reads one line: `[PRINCIPALS [OPTIONS]] ssh-ed25519 AAAA… [COMMENT]`. `file` and `line` are for messages.
    pub fn parse(text: &str, file: &Path, line: u32) -> Result<Self, Error> {
        read(text).map_err(|what| Error::invalid(file, line, what, HELP)).map(|mut trusted| {
            (trusted.file, trusted.line) = (file.to_owned(), line);
            trusted
        })
    }

    /// Reads a file of such lines, with empty ones and comments.
    pub fn parse_all(text: &str, file: &Path) -> Result<Vec<Self>, Error> {
        let lines = text.lines().zip(1..).map(|(text, line)| (text.trim(), line));
        let keys = lines.filter(|(text, _)| !text.is_empty() && !text.starts_with('#'));
        let keys = keys.map(|(text, line)| Self::parse(text, file, line)).collect::<Result<Vec<_>, _>>()?;
        match keys.len() {
            0 => Err(Error::invalid(file, 0, "it names no key", HELP)),
            1..=MOST_KEYS => Ok(keys),
            _ => Err(Error::invalid(file, 0, format!("it names more than {MOST_KEYS} keys"), HELP)),
        }
    }

    /// Why a signature of this key does not count at a moment, if it does not.
    pub fn refusal(&self, now: Moment) -> Option<&'static str> {
        if !self.here {
            Some("its key is trusted for other namespaces")
        } else if self.after.is_some_and(|after| now < after) {
            Some("its key is not valid yet (`valid-after`)")
        } else if self.before.is_some_and(|before| now >= before) {
            Some("its key is not valid any more (`valid-before`)")
        } else {
            None
        }
    }
}

fn read(text: &str) -> Result<TrustedKey, String> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a key with a control character".to_owned());
    }
    let mut rest = text;
    let mut words = vec![word(&mut rest)?];
    while words.len() < 3 && !words.last().is_some_and(|last| is_type(last)) {
        words.push(word(&mut rest)?);
    }
    let kind = words.pop().unwrap_or_default();
    if kind != "ssh-ed25519" {
        let shown = kind.chars().take(40).collect::<String>();
        return Err(format!("a key that is not `ssh-ed25519`: `{shown}`"));
    }
    // An option in the place of the name would be taken for a name, and mean nothing.
    if words.first().is_some_and(|first| first.contains('=') || *first == "cert-authority") {
        return Err("an option in the place of the name".to_owned());
    }
    let mut trusted = TrustedKey {
        key: PublicKey::from_base64(word(&mut rest)?)?,
        principals: words.first().unwrap_or(&"").trim_matches('"').to_owned(),
        file: PathBuf::new(),
        line: 0,
        here: true,
        after: None,
        before: None,
    };
    if let Some(options) = words.get(1) {
        options_of(options, &mut trusted)?;
    }
    Ok(trusted)
}

fn is_type(word: &str) -> bool {
    ["ssh-", "sk-", "ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
}

/// The next word of a line of `allowed_signers`; white space between quotes does not end it.
pub fn word<'t>(rest: &mut &'t str) -> Result<&'t str, String> {
    let text = rest.trim_start();
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        !quoted && (c == ' ' || c == '\t')
    };
    let (word, after) = text.split_at(text.find(ends).unwrap_or(text.len()));
    *rest = after;
    match word.matches('"').count() % 2 {
        _ if word.is_empty() => Err("a line without a key".to_owned()),
        0 => Ok(word),
        _ => Err("a quotation mark that is not closed".to_owned()),
    }
}

/// `namespaces="…"`, `valid-after="…"` and `valid-before="…"`, separated by commas; each at most once.
fn options_of(mut rest: &str, trusted: &mut TrustedKey) -> Result<(), String> {
    let mut seen = vec![];
    loop {
        let (name, after) = rest.split_once('=').unwrap_or((rest, ""));
        let shown = name.chars().take(40).collect::<String>();
        if !["namespaces", "valid-after", "valid-before"].contains(&name) {
            return Err(format!("an option that is not known: `{shown}`"));
        }
        let value = after.strip_prefix('"').and_then(|after| after.split_once('"'));
        let (value, after) =
            value.ok_or_else(|| format!("option `{name}` needs a value in quotation marks"))?;
        if seen.contains(&name) {
            return Err(format!("option `{name}` stands twice"));
        }
        seen.push(name);
        let time = || Moment::of_signers(value).map(Some).ok_or_else(|| format!("`{name}` is not a time"));
        match name {
            "namespaces" if value.contains(['*', '?', '!']) => {
                return Err("a pattern in `namespaces`, which is not supported".to_owned());
            }
            "namespaces" => trusted.here = value.split(',').any(|name| name == NAMESPACE),
            "valid-after" => trusted.after = time()?,
            _ => trusted.before = time()?,
        }
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(()),
            None => return Err("options that are not separated by a comma".to_owned()),
        }
    }
}
