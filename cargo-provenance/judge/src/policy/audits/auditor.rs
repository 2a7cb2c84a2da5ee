//! `[audits.auditor.NAME]`: the people who review for the team, how they are named, and with which keys they sign.

use std::path::Path;

use provenance_build::signing::{PublicKey, TrustedKey};
use toml_span::Span;
use toml_span::value::{Table, Value};

use super::AuditRules;
use crate::policy::At;
use crate::policy::reader::{Reader, Result, quoted};

/// Auditors of one policy: more than a team has.
const AUDITORS: usize = 256;

/// Names, keys or accounts of one auditor.
const ENTRIES: usize = 64;

/// Somebody who reviews for the team: one person, under whatever names and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auditor {
    /// What they are called here.
    pub name: String,
    /// How `who` of a review names them. Where there is an address, that decides.
    pub who: Vec<String>,
    /// The keys that they sign with.
    pub keys: Vec<PublicKey>,
    /// Their accounts of crates.io.
    pub logins: Vec<String>,
}

impl Auditor {
    /// Whether a review that names `who` names them.
    pub fn is_named(&self, who: &str) -> bool {
        self.who.iter().any(|own| identity(own) == identity(who))
    }
}

/// What of `Name <address>` tells one person from another: the address, else the text, in lower case. Blanks around either are
/// nobody's.
pub fn identity(who: &str) -> String {
    address(who).unwrap_or(who).trim().to_lowercase()
}

/// The address in `Name <address>`.
pub fn address(who: &str) -> Option<&str> {
    who.trim().strip_suffix('>')?.rsplit_once('<').map(|(_, address)| address)
}

impl AuditRules {
    /// The auditor whom a review names by `who`.
    pub fn auditor(&self, who: &str) -> Option<&Auditor> {
        self.auditors.iter().map(|at| &at.value).find(|auditor| auditor.is_named(who))
    }
}

impl Reader<'_> {
    pub(super) fn auditors(&self, mut value: Value<'_>, key: Span) -> Result<Vec<At<Auditor>>> {
        let mut auditors = vec![];
        for (name, mut value) in self.table(&mut value, key, "audits.auditor")? {
            let place = format!("audits.auditor.{}", quoted(&name.name));
            let table = self.table(&mut value, name.span, &place)?;
            auditors.push(At {
                value: self.auditor(&name.name, name.span, table, &place)?,
                line: self.line(name.span),
            });
        }
        if auditors.len() > AUDITORS {
            let what = format!("there are {} auditors, and at most {AUDITORS} are read", auditors.len());
            return Err(self.invalid(key, &what, "name those who still review"));
        }
        self.told_apart(&auditors, key)?;
        Ok(auditors)
    }

    fn auditor(&self, name: &str, at: Span, table: Table<'_>, place: &str) -> Result<Auditor> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let what = format!("`{}` is not a name for an auditor", quoted(name));
            return Err(self.invalid(at, &what, "use letters, digits, `-`, `_` and `.`"));
        }
        self.known(&table, place, &["keys", "logins", "who"])?;
        let mut auditor = Auditor { name: name.to_owned(), who: vec![], keys: vec![], logins: vec![] };
        for (key, value) in table {
            let span = value.span;
            let number = match &*key.name {
                "who" => {
                    auditor.who = self.names_or_name(value, "who")?;
                    auditor.who.len()
                }
                "keys" => {
                    for line in self.names_or_name(value, "keys")? {
                        auditor.keys.push(key_of(&line).map_err(|what| {
                            let help = "write `ssh-ed25519 AAAA…`, as `cargo provenance key show` prints it";
                            self.invalid(span, &format!("`keys` has {what}"), help)
                        })?);
                    }
                    auditor.keys.len()
                }
                _ => {
                    auditor.logins = self.names_or_name(value, "logins")?;
                    let is_login = |login: &String| {
                        login.len() <= 64
                            && login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
                    };
                    if let Some(odd) = auditor.logins.iter().find(|login| !is_login(login)) {
                        let what = format!("`{}` is not an account of crates.io", quoted(odd));
                        return Err(self.invalid(span, &what, "write the name that it signs in with"));
                    }
                    auditor.logins.len()
                }
            };
            if number > ENTRIES {
                let what = format!("`{}` has more than {ENTRIES} entries", key.name);
                return Err(self.invalid(span, &what, "remove those that are not in use"));
            }
        }
        if auditor.who.is_empty() {
            let help = "write how `who` of their reviews names them, `who = \"Ann <ann@example.org>\"`";
            return Err(self.invalid(at, &format!("the auditor `{name}` has no `who`"), help));
        }
        Ok(auditor)
    }

    /// Two people are two: whoever shares a name, a key or an account is one.
    fn told_apart(&self, auditors: &[At<Auditor>], key: Span) -> Result<()> {
        let mut seen = std::collections::BTreeMap::<String, &str>::new();
        for At { value, line } in auditors {
            let who = value.who.iter().map(|who| identity(who));
            let who = who.map(|who| (format!("who {who}"), format!("`{}`", quoted(&who))));
            let keys = value.keys.iter().map(|key| format!("the key {}", key.fingerprint()));
            let logins = value.logins.iter().map(|login| format!("the account `{}`", login.to_lowercase()));
            let same = |text: String| (text.clone(), text);
            for (id, shown) in who.chain(keys.map(same)).chain(logins.map(same)) {
                let Some(other) = seen.insert(id, &value.name) else { continue };
                let what = match other == value.name {
                    true => format!("{shown} stands twice for the auditor `{other}`"),
                    false => format!("{shown} stands for two auditors, `{other}` and `{}`", value.name),
                };
                let error = self.invalid(key, &what, "leave it with the one whose it is");
                return Err(super::super::PolicyError { line: *line, ..error });
            }
        }
        Ok(())
    }
}

/// A key as it stands in a `.pub` file: without a name or an option before it, which would say something that nobody asks here.
fn key_of(line: &str) -> std::result::Result<PublicKey, String> {
    if !line.starts_with("ssh-ed25519 ") {
        return Err("an entry that does not begin with `ssh-ed25519`".to_owned());
    }
    let key = TrustedKey::parse(line, Path::new(""), 0).map_err(|error| {
        let text = error.to_string();
        text.trim_start_matches([':', ' ']).to_owned()
    })?;
    Ok(key.key)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::catalogue::SAMPLES;
    use super::super::super::{Policy, PolicyError};
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZkrgPIoIliak1qHm2ToErNk4vWwEA9nkmgD3p8qVJf";

    fn policy(audits: &str) -> std::result::Result<Policy, PolicyError> {
        let text = format!("version = 1\n[audits]\n{audits}");
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES)
    }

    #[test]
    fn auditors_are_read_and_found_by_the_name_or_the_address_of_a_review() {
        let text = format!(
            "bound = true\nsigned = true\n[audits.auditor.ann]\nwho = [\"Ann <ann@example.org>\", \"ann@work.example\"]\n\
             keys = \"{KEY} ann@laptop\"\nlogins = [\"ann\"]\n[audits.auditor.bob]\nwho = \"Bob\"\n"
        );
        let policy = policy(&text).expect("a policy");
        let rules = policy.audits().expect("rules");
        assert_eq!((rules.bound, rules.signed), (At { value: true, line: 3 }, At { value: true, line: 4 }));
        assert_eq!(rules.auditors[0].line, 5);
        assert_eq!(rules.auditors[0].value.keys[0].to_string(), KEY);
        for (who, name) in [
            ("Ann <ann@example.org>", Some("ann")),
            ("A. <ann@work.example>", Some("ann")),
            ("ann@work.example", Some("ann")),
            ("ann@example.org", Some("ann")),
            ("Ann <ann@example.org.evil>", None),
            ("ann", None),
            ("Bob", Some("bob")),
            ("Bob <bob@example.org>", None),
        ] {
            assert_eq!(rules.auditor(who).map(|it| it.name.as_str()), name, "{who}");
        }
    }

    #[test]
    fn one_person_is_not_two_and_a_key_is_a_key() {
        let other = "[audits.auditor.b]\nwho = \"B\"\n";
        for (text, message) in [
            ("signed = true", "`signed` is set, and no auditor has a key"),
            ("signed = true\n[audits.auditor.a]\nwho = \"A\"", "no auditor has a key"),
            ("signed = 1", "`signed` is a boolean"),
            ("bound = \"yes\"", "`bound` is a boolean"),
            ("auditor.a.keys = []", "the auditor `a` has no `who`"),
            ("auditor.\"a b\".who = \"A\"", "`a b` is not a name for an auditor"),
            ("auditor.a = { who = \"A\", key = \"x\" }", "`key` is not a key of `audits.auditor.a`"),
            ("auditor.a = { who = \"A\", keys = \"ssh-rsa AAAA\" }", "does not begin with `ssh-ed25519`"),
            ("auditor.a = { who = \"A\", keys = \"ssh-ed25519 AAAA\" }", "a key that is not"),
            ("auditor.a = { who = \"A\", logins = \"a b\" }", "`a b` is not an account"),
            ("auditor.a = { who = [\"A <a@x>\", \"B <A@x>\"] }", "`a@x` stands twice for the auditor `a`"),
            (
                "auditor = { a.who = \"A <a@x>\", b.who = \"a@x\" }",
                "`a@x` stands for two auditors, `a` and `b`",
            ),
            (
                &format!("[audits.auditor.a]\nwho = \"A\"\nkeys = \"{KEY}\"\n{other}keys = \"{KEY} b\"\n"),
                "stands for two auditors",
            ),
            (
                &format!("[audits.auditor.a]\nwho = \"A\"\nlogins = \"Eve\"\n{other}logins = \"eve\"\n"),
                "the account `eve` stands for two auditors",
            ),
        ] {
            let error = policy(text).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
