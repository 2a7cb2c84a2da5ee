//! The file of allowed signers (ssh-keygen(1), "ALLOWED SIGNERS"), as a team keeps it for git.
//!
//! Stricter than OpenSSH: a line that cannot be read makes the file unusable, because a slip in it must not take a restriction away. Times are
//! UTC with or without a `Z`; OpenSSH takes those without for the time zone of the machine.

use std::collections::BTreeSet;
use std::fmt;

use provenance_build::Moment;
use provenance_build::signing::key::take;
use provenance_build::signing::{base64, word};
use sha2::{Digest as _, Sha256};

use super::{NAMESPACE, matches};

/// Bytes of the file: ten thousand signers.
pub const SIGNERS_BYTES: usize = 4 * 1024 * 1024;

/// The keys that `ssh-keygen -Y verify` knows besides Ed25519 (OpenSSH `sshkey.c`). DSA and short RSA keys it refuses itself.
const KINDS: [&str; 7] = [
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-ed25519",
    "ssh-rsa",
];

/// A public key of any kind, in the SSH wire format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    kind: String,
    blob: Vec<u8>,
}

/// Whose signatures of commits count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    lines: Vec<Line>,
    /// Lines that let nobody sign, with the reason.
    pub without_effect: Vec<(u32, &'static str)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    principals: String,
    namespaces: Option<String>,
    after: Option<Moment>,
    before: Option<Moment>,
    key: Key,
    number: u32,
}

/// Why a file of signers cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SignersError {
    /// The line, counted from 1; 0 for the whole file.
    pub line: u32,
    /// What is wrong: a lowercase fragment.
    pub what: String,
}

/// What a key is to somebody's signatures, the best last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// No line names it.
    Unknown,
    /// It is somebody else's: these principals'.
    NotTheirs(String),
    /// It is for other namespaces.
    Elsewhere,
    /// It is not valid any more.
    Expired,
    /// It is not valid yet.
    Early,
    /// It counts: by this line.
    Counts(u32),
}

impl Key {
    /// Takes a key of the wire format; certificates and kinds that are not known have none here.
    pub fn of_blob(blob: &[u8]) -> Option<Self> {
        let mut rest = blob;
        let kind = std::str::from_utf8(take(&mut rest)?).ok()?.to_owned();
        let is_name = (1..=64).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_graphic());
        is_name.then(|| Self { kind, blob: blob.to_owned() })
    }

    /// Reads `KIND BASE64`.
    pub fn parse(kind: &str, encoded: &str) -> Option<Self> {
        let key = Self::of_blob(&base64::decode(encoded)?)?;
        (key.kind == kind && key.is_supported()).then_some(key)
    }

    /// Whether it is of a kind that a file of signers can list.
    pub fn is_supported(&self) -> bool {
        KINDS.contains(&self.kind.as_str())
    }

    /// The wire format.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// `KIND BASE64`.
    pub fn line(&self) -> String {
        format!("{} {}", self.kind, base64::encode(&self.blob))
    }
}

impl fmt::Display for Key {
    /// The fingerprint, as OpenSSH writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", base64::encode(&Sha256::digest(&self.blob)).trim_end_matches('='))
    }
}

impl Signers {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, SignersError> {
        let whole = |what: &str| SignersError { line: 0, what: what.to_owned() };
        let text = std::str::from_utf8(bytes).map_err(|_| whole("it is not UTF-8"))?;
        if text.len() > SIGNERS_BYTES {
            return Err(whole("it is larger than what is read"));
        }
        let mut signers = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let trimmed = line.trim_matches([' ', '\t', '\r']);
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            match read(trimmed, number).map_err(|what| SignersError { line: number, what })? {
                Ok(line) => signers.lines.push(line),
                Err(why) => signers.without_effect.push((number, why)),
            }
        }
        Ok(signers)
    }

    /// What a key is to the signatures of somebody at `at`, and whether it is over at `end`.
    pub fn standing(&self, key: &Key, email: &str, at: Moment, end: Moment) -> Standing {
        let lines = self.lines.iter().filter(|line| line.key == *key);
        let standings = lines.map(|line| {
            let namespaces = line.namespaces.as_deref();
            if !matches(&line.principals, email) {
                Standing::NotTheirs(line.principals.clone())
            } else if namespaces.is_some_and(|namespaces| !matches(namespaces, NAMESPACE)) {
                Standing::Elsewhere
            } else if line.before.is_some_and(|before| end >= before) {
                Standing::Expired
            } else if line.after.is_some_and(|after| at < after) {
                Standing::Early
            } else {
                Standing::Counts(line.number)
            }
        });
        standings.max().unwrap_or(Standing::Unknown)
    }

    /// The keys that it names.
    pub fn keys(&self) -> BTreeSet<&Key> {
        self.lines.iter().map(|line| &line.key).collect()
    }
}

type Read = Result<Line, &'static str>;

fn read(text: &str, number: u32) -> Result<Read, String> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a control character".to_owned());
    }
    let mut rest = text;
    let principals = word(&mut rest)?.trim_matches('"').to_owned();
    if principals.is_empty() || principals.contains('"') {
        return Err("a line without principals".to_owned());
    }
    let mut line = Line {
        principals,
        namespaces: None,
        after: None,
        before: None,
        key: Key { kind: String::new(), blob: vec![] },
        number,
    };
    let mut kind = word(&mut rest)?;
    let mut is_authority = false;
    if !is_kind(kind) {
        is_authority = options(kind, &mut line)?;
        kind = word(&mut rest)?;
    }
    let encoded = word(&mut rest)?;
    if is_authority {
        return Ok(Err("certificate authorities are not supported: list the keys themselves"));
    }
    if is_kind(kind) && !KINDS.contains(&kind) {
        return Ok(Err("it names a kind of key that is not supported"));
    }
    line.key = Key::parse(kind, encoded).ok_or("a key that cannot be read")?;
    Ok(Ok(line))
}

fn is_kind(word: &str) -> bool {
    ["ssh-", "sk-", "ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
}

/// Reads the options; whether the key is that of a certificate authority. OpenSSH takes their names in any case.
fn options(mut rest: &str, line: &mut Line) -> Result<bool, String> {
    let (mut is_authority, mut seen) = (false, vec![]);
    loop {
        let end = rest.find(['=', ',']).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        let shown = name.chars().take(40).collect::<String>();
        if seen.contains(&name) {
            return Err(format!("option `{shown}` stands twice"));
        }
        let mut after = &rest[end..];
        if name == "cert-authority" {
            is_authority = true;
        } else {
            let value = after.strip_prefix("=\"").and_then(|after| after.split_once('"'));
            let (value, behind) = match (name.as_str(), value) {
                ("namespaces" | "valid-after" | "valid-before", Some(found)) => found,
                ("namespaces" | "valid-after" | "valid-before", None) => {
                    return Err(format!("option `{name}` needs a value in quotation marks"));
                }
                _ => return Err(format!("an option that is not known: `{shown}`")),
            };
            let time =
                || Moment::of_signers(value).map(Some).ok_or_else(|| format!("`{name}` is not a time"));
            match name.as_str() {
                "namespaces" => line.namespaces = Some(value.to_owned()),
                "valid-after" => line.after = time()?,
                _ => line.before = time()?,
            }
            after = behind;
        }
        seen.push(name);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(is_authority),
            None => return Err("options that are not separated by a comma".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    fn key() -> Key {
        let (kind, encoded) = KEY.split_once(' ').expect("two words");
        Key::parse(kind, encoded).expect("a key")
    }

    fn day(text: &str) -> Moment {
        Moment::day(text).expect("a day")
    }

    #[test]
    fn a_key_counts_for_its_principals_in_its_time() {
        let text = format!(
            "# who\n\nalice@x,*@team.x {KEY} home\nbob@x namespaces=\"file\" {KEY}\n\
             carol@x namespaces=\"file,g*\",valid-after=\"20260101\",VALID-BEFORE=\"20270101Z\" {KEY}\n"
        );
        let signers = Signers::parse(text.as_bytes()).expect("signers");
        let standing = |email: &str, at: &str| signers.standing(&key(), email, day(at), day(at));
        assert_eq!(standing("alice@x", "2020-01-01"), Standing::Counts(3));
        assert_eq!(standing("dave@team.x", "2020-01-01"), Standing::Counts(3));
        assert_eq!(standing("bob@x", "2020-01-01"), Standing::Elsewhere);
        assert_eq!(standing("carol@x", "2025-12-31"), Standing::Early);
        assert_eq!(standing("carol@x", "2026-01-01"), Standing::Counts(5));
        assert_eq!(standing("carol@x", "2027-01-01"), Standing::Expired);
        assert!(matches!(standing("mallory@x", "2026-01-01"), Standing::NotTheirs(_)));
        // What is over by the clock of whoever verifies is over whatever the commit says.
        assert_eq!(
            signers.standing(&key(), "carol@x", day("2026-06-01"), day("2027-06-01")),
            Standing::Expired
        );
        assert_eq!(
            Signers::default().standing(&key(), "a", day("2026-01-01"), day("2026-01-01")),
            Standing::Unknown
        );
        assert_eq!(key().line(), KEY);
    }

    #[test]
    fn lines_that_let_nobody_sign_are_told() {
        let text = format!(
            "*@x cert-authority {KEY}\n*@x cert-authority,namespaces=\"git\" {KEY}\na@x ssh-dss AAAA\n"
        );
        let signers = Signers::parse(text.as_bytes()).expect("signers");
        assert_eq!(signers.without_effect.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(signers.keys().is_empty());
    }

    #[test]
    fn a_slip_makes_the_file_unusable() {
        for bad in [
            "alice@x".to_owned(),
            KEY.to_owned(),
            "alice@x ssh-ed25519".to_owned(),
            "alice@x ssh-ed25519 AAAA".to_owned(),
            "alice@x ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl".to_owned(),
            format!("alice@x valid-befor=\"20260101\" {KEY}"),
            format!("alice@x valid-before=20260101 {KEY}"),
            format!("alice@x valid-before=\"2026\" {KEY}"),
            format!("alice@x valid-before=\"20260101\",valid-before=\"20270101\" {KEY}"),
            format!("alice@x valid-before=\"20260101\"x {KEY}"),
            format!("alice@x namespaces=\"git {KEY}"),
            format!("\"\" {KEY}"),
            format!("alice@x no-touch-required {KEY}"),
        ] {
            let error = Signers::parse(format!("# first\n{bad}\n").as_bytes()).expect_err(&bad);
            assert_eq!(error.line, 2, "{bad}");
        }
        assert!(Signers::parse(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(bytes: Vec<u8>, text in "[a@x\", =*!\t]{0,40}( ssh-ed25519 AAAA)?") {
            let _ = Signers::parse(&bytes);
            let _ = Signers::parse(text.as_bytes());
            let _ = Signers::parse(format!("a@x {text} {KEY}").as_bytes());
        }
    }
}
