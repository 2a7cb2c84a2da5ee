//! What a team lives with, and what it never wants: `[[exception]]` and `[[ban]]`.

use provenance_build::name::{PackageName, Version};
use toml_span::value::{Table, Value};

use super::catalogue::{self, Firmness};
use super::reader::{Reader, Result, did_you_mean, quoted};
use super::{At, Known};
use crate::model::Date;

/// A finding that the team lives with for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The check's id.
    pub check: &'static str,
    /// The package.
    pub package: PackageName,
    /// The version; any, where none is given.
    pub version: Option<Version>,
    /// What the finding is about, where the check finds several things: an advisory's id.
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

/// A package that must not be in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The package.
    pub package: PackageName,
    /// The versions that are banned; all, where none are given.
    pub versions: Option<semver::VersionReq>,
    /// Why.
    pub reason: String,
    /// What to use instead.
    pub instead: Option<String>,
}

const EXCEPTION: &[&str] = &["check", "expires", "id", "package", "reason"];
const BAN: &[&str] = &["instead", "package", "reason", "versions"];

impl Exception {
    /// `package` as the policy writes it.
    pub fn spec(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.package),
            None => self.package.to_string(),
        }
    }
}

impl Reader<'_> {
    pub(super) fn exceptions(&self, value: Value<'_>, known: &[Known]) -> Result<Vec<At<Exception>>> {
        let mut exceptions = vec![];
        for mut entry in self.array(value, "exception")? {
            let span = entry.span;
            let table = self.table(&mut entry, span, "exception")?;
            self.known(&table, "exception", EXCEPTION)?;
            for required in ["check", "package", "reason", "expires"] {
                if !table.contains_key(required) {
                    let what = format!("an exception has no `{required}`");
                    let help = "an exception has a check, a package, a reason and an end";
                    return Err(self.invalid(span, &what, help));
                }
            }
            let name = self.text(&table, "check")?.unwrap_or_default();
            let check = catalogue::find(known, &name);
            let Some(check) = check.filter(|check| check.firmness == Firmness::Free) else {
                let span = table.get("check").map_or(span, |value| value.span);
                return Err(match check {
                    Some(_) if check.is_some_and(|check| check.firmness == Firmness::Firm) => {
                        let what = format!("nobody may wave `{name}` through");
                        self.invalid(span, &what, "remove the exception, and the package")
                    }
                    Some(_) => self.unsupported(span, &format!("check `{name}`")),
                    None => {
                        let ids = known.iter().map(|known| known.id);
                        self.invalid(
                            span,
                            &format!("`{}` is not a check", quoted(&name)),
                            &did_you_mean(&name, ids),
                        )
                    }
                });
            };
            let (package, version) = self.spec(&table)?;
            let exception = Exception {
                check: check.id,
                package,
                version,
                subject: self.text(&table, "id")?,
                reason: self.reason(&table)?,
                expires: self.expires(&table)?,
            };
            exceptions.push(At { value: exception, line: self.line(span) });
        }
        Ok(exceptions)
    }

    pub(super) fn bans(&self, value: Value<'_>) -> Result<Vec<At<Ban>>> {
        let mut bans = vec![];
        for mut entry in self.array(value, "ban")? {
            let span = entry.span;
            let table = self.table(&mut entry, span, "ban")?;
            self.known(&table, "ban", BAN)?;
            let help = "a ban has a package and a reason";
            let missing = ["package", "reason"].into_iter().find(|key| !table.contains_key(*key));
            if let Some(missing) = missing {
                return Err(self.invalid(span, &format!("a ban has no `{missing}`"), help));
            }
            let name = self.text(&table, "package")?.unwrap_or_default();
            let Some(package) = PackageName::parse(&name) else {
                let what = format!("`{}` is not a package's name", quoted(&name));
                return Err(self.invalid(span, &what, "name one package; `versions` narrows it down"));
            };
            let versions = match self.text(&table, "versions")? {
                None => None,
                Some(text) => Some(semver::VersionReq::parse(&text).map_err(|_| {
                    let what = format!("`{}` is not a requirement", quoted(&text));
                    self.invalid(span, &what, "write versions as `Cargo.toml` does, such as `\"<1.2\"`")
                })?),
            };
            let ban = Ban {
                package,
                versions,
                reason: self.reason(&table)?,
                instead: self.text(&table, "instead")?,
            };
            bans.push(At { value: ban, line: self.line(span) });
        }
        Ok(bans)
    }

    fn text(&self, table: &Table<'_>, key: &str) -> Result<Option<String>> {
        let Some(value) = table.get(key) else { return Ok(None) };
        match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.wanted(value, &format!("`{key}`"), "a string", "put it in quotes")),
        }
    }

    fn reason(&self, table: &Table<'_>) -> Result<String> {
        let reason = self.text(table, "reason")?.unwrap_or_default();
        if !reason.trim().is_empty() {
            return Ok(reason);
        }
        let span = table.get("reason").map_or(toml_span::Span::new(0, 0), |value| value.span);
        Err(self.invalid(span, "`reason` is empty", "say why, for whoever reads it next year"))
    }

    fn expires(&self, table: &Table<'_>) -> Result<Date> {
        let text = self.text(table, "expires")?.unwrap_or_default();
        Date::parse(&text).ok_or_else(|| {
            let span = table.get_key_value("expires").map_or(toml_span::Span::new(0, 0), |(key, _)| key.span);
            self.invalid(span, "`expires` is not a date", "write a date such as `expires = \"2027-01-31\"`")
        })
    }

    /// `name` or `name@version`.
    fn spec(&self, table: &Table<'_>) -> Result<(PackageName, Option<Version>)> {
        let text = self.text(table, "package")?.unwrap_or_default();
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(Version::parse(version))),
            None => (text.as_str(), None),
        };
        match (PackageName::parse(name), version) {
            (Some(name), None) => Ok((name, None)),
            (Some(name), Some(Some(version))) => Ok((name, Some(version))),
            _ => {
                let span = table.get("package").map_or(toml_span::Span::new(0, 0), |value| value.span);
                let what = format!("`{}` is not a package", quoted(&text));
                Err(self.invalid(span, &what, "write `name` or `name@1.2.3`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::catalogue::SAMPLES;
    use super::super::{Policy, PolicyErrorKind};
    use super::*;

    fn read(text: &str) -> Result<Policy> {
        Policy::parse(format!("version = 1\n{text}").as_bytes(), Path::new("p"), SAMPLES)
    }

    #[test]
    fn exceptions_and_bans_are_read() {
        let policy = read(
            "[[exception]]\ncheck = \"vulnerability\"\npackage = \"paste@1.0.15\"\nid = \"RUSTSEC-2024-0436\"\n\
             reason = \"no replacement yet\"\nexpires = \"2027-01-31\"\n\
             [[ban]]\npackage = \"openssl\"\nversions = \"<0.11\"\nreason = \"no C\"\ninstead = \"rustls\"\n",
        )
        .expect("a policy");
        let [exception] = policy.exceptions() else { panic!("one") };
        assert_eq!((exception.line, exception.value.spec().as_str()), (2, "paste@1.0.15"));
        assert_eq!(exception.value.expires, Date::parse("2027-01-31").expect("a date"));
        let [ban] = policy.bans() else { panic!("one") };
        assert_eq!(ban.value.instead.as_deref(), Some("rustls"));
    }

    #[test]
    fn what_is_no_exception_and_no_ban_is_refused() {
        let exception = |check: &str, package: &str, reason: &str| {
            format!(
                "[[exception]]\ncheck = \"{check}\"\npackage = \"{package}\"\nreason = \"{reason}\"\nexpires = \"2027-01-31\"\n"
            )
        };
        for (text, what, kind) in [
            (
                exception("archive-link", "a", "r"),
                "nobody may wave `archive-link` through",
                PolicyErrorKind::Invalid,
            ),
            (
                exception("name-edit", "a", "r"),
                "check `name-edit` is not supported by this version of cargo-provenance",
                PolicyErrorKind::Unsupported,
            ),
            (exception("sauce", "a", "r"), "`sauce` is not a check", PolicyErrorKind::Invalid),
            (exception("source", "a@1", "r"), "`a@1` is not a package", PolicyErrorKind::Invalid),
            (exception("source", "a", " "), "`reason` is empty", PolicyErrorKind::Invalid),
            ("[[ban]]\npackage = \"a\"\n".to_owned(), "a ban has no `reason`", PolicyErrorKind::Invalid),
            (
                "[[ban]]\npackage = \"a\"\nreason = \"r\"\nversions = \"one\"\n".to_owned(),
                "`one` is not a requirement",
                PolicyErrorKind::Invalid,
            ),
        ] {
            let error = read(&text).expect_err("refused");
            assert_eq!((error.what.as_str(), error.kind), (what, kind), "{text}");
        }
    }
}
