//! What people accepted: acceptances and baseline findings in the pins, exceptions in the policy. Pure.
//!
//! Each waives one finding: a check, of one package, and of one subject where the check has several. What nobody may wave
//! through is never waived.

use std::collections::BTreeSet;

use provenance_build::manifest::Acceptance;
use provenance_build::{PackageId, PackageName, Version};

use super::checks;
use super::engine::Judgment;
use crate::finding::{Finding, Weight};
use crate::model::Date;
use crate::policy::{At, Exception, Firmness, Policy};

/// A finding that no longer refuses, and why.
#[derive(Clone, Debug)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// Why it does not refuse.
    pub by: Waiver,
}

/// Why a finding does not refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiver {
    /// A person accepted it for these bytes.
    Accepted(Acceptance),
    /// It was there at `init`.
    Baseline,
    /// The team lives with it until then; the line of the policy.
    Excepted(Date, u32),
}

/// `--accept`: what a person accepts now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The package, where it is named.
    pub package: Option<(PackageName, Option<Version>)>,
    /// The check.
    pub check: String,
    /// What the finding is about, where it is named.
    pub subject: Option<String>,
    /// Why; never empty.
    pub reason: String,
}

/// What stands for a reason in the flags that are printed: nobody's reason.
pub const PLACEHOLDER: &str = "REASON";

/// The exceptions of a policy, and which of them were needed.
#[derive(Debug)]
pub struct Exceptions<'p> {
    all: &'p [At<Exception>],
    policy: &'p Policy,
    today: Date,
    used: BTreeSet<usize>,
}

/// How a finding is named in pins, exceptions and on the command line: `CHECK` or `CHECK/SUBJECT`.
pub fn key(finding: &Finding) -> String {
    match &finding.subject {
        Some(subject) => format!("{}/{subject}", finding.id),
        None => finding.id.to_owned(),
    }
}

/// Whether anybody may wave a finding through.
pub fn may_be_waived(finding: &Finding) -> bool {
    checks::check(finding.id).is_some_and(|check| check.firmness == Firmness::Free)
}

/// Whether a finding that was there at `init` may only stay for a while: it becomes an exception in the policy, which ends. A
/// line in a pin never waives it.
pub fn must_end(finding: &Finding) -> bool {
    matches!(finding.id, "source" | "vulnerability")
}

/// Takes what is waived out of a judgment.
pub fn waive(
    judgment: &mut Judgment,
    accepted: &[Acceptance],
    baseline: &[String],
    exceptions: &mut Exceptions<'_>,
) -> Vec<Waived> {
    let mut waived = vec![];
    let mut standing = vec![];
    for finding in std::mem::take(&mut judgment.findings) {
        let by = if finding.weight == Weight::Note || !may_be_waived(&finding) {
            None
        } else {
            // In this order, so that an exception which is not needed shows as unused.
            let acceptance = accepted
                .iter()
                .filter(|_| finding.weight == Weight::Review)
                .find(|acceptance| acceptance.check == finding.id && acceptance.id == finding.subject);
            let is_baseline =
                || (!must_end(&finding) && baseline.contains(&key(&finding))).then_some(Waiver::Baseline);
            acceptance
                .cloned()
                .map(Waiver::Accepted)
                .or_else(is_baseline)
                .or_else(|| exceptions.waiver(&finding))
        };
        match by {
            Some(by) => waived.push(Waived { finding, by }),
            None => standing.push(finding),
        }
    }
    judgment.findings = standing;
    waived
}

impl<'p> Exceptions<'p> {
    /// The exceptions of a policy on a day.
    pub fn of(policy: &'p Policy, today: Date) -> Self {
        Self { all: policy.exceptions(), policy, today, used: BTreeSet::new() }
    }

    fn waiver(&mut self, finding: &Finding) -> Option<Waiver> {
        let matching = self.all.iter().enumerate().filter(|(_, at)| matches(&at.value, finding));
        let mut waiver = None;
        for (index, at) in matching {
            // An expired one was needed too: it shows as expired, not as unused.
            self.used.insert(index);
            if self.today <= at.value.expires {
                waiver = waiver.or(Some(Waiver::Excepted(at.value.expires, at.line)));
            }
        }
        waiver
    }

    /// Findings about exceptions that have ended, whether they are still needed or not.
    pub fn expired(&self) -> Vec<Finding> {
        let expired = self.all.iter().filter(|at| self.today > at.value.expires);
        expired
            .filter_map(|at| {
                let Exception { check, expires, .. } = &at.value;
                let message =
                    format!("the exception of `{check}` for `{}` ended on {expires}", at.value.spec());
                let help = "remove it from `Provenance.toml`, or give it a new reason and a new end";
                self.finding("exception-expired", message, at.line, help)
            })
            .collect()
    }

    /// Findings about exceptions that nothing needed. Only who looked at the whole graph can tell.
    pub fn unused(&self) -> Vec<Finding> {
        let unused = self
            .all
            .iter()
            .enumerate()
            .filter(|(index, at)| !self.used.contains(index) && self.today <= at.value.expires);
        unused
            .filter_map(|(_, at)| {
                let subject =
                    at.value.subject.iter().map(|subject| format!("/{subject}")).collect::<String>();
                let message = format!(
                    "nothing needs the exception of `{}{subject}` for `{}`",
                    at.value.check,
                    at.value.spec()
                );
                self.finding("exception-unused", message, at.line, "remove it from `Provenance.toml`")
            })
            .collect()
    }

    fn finding(&self, id: &'static str, message: String, line: u32, help: &str) -> Option<Finding> {
        let check = checks::check(id)?;
        let level = self.policy.level(id).map_or(check.level, |at| at.value);
        let finding =
            Finding::new(id, level.weight()?, message).at(self.policy.place(line, "this exception"));
        Some(finding.help(help))
    }
}

fn matches(exception: &Exception, finding: &Finding) -> bool {
    let Some(PackageId { name, version, .. }) = &finding.package else { return false };
    exception.check == finding.id
        && exception.package == *name
        && exception.version.as_ref().is_none_or(|wanted| wanted == version)
        && (exception.subject.is_none() || exception.subject == finding.subject)
}

impl Accept {
    /// Reads `[PACKAGE[@VERSION]:]CHECK[/SUBJECT]=REASON`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "write `CHECK=REASON`, `PACKAGE:CHECK=REASON` or `PACKAGE@VERSION:CHECK/ID=REASON`";
        let (what, reason) = text.split_once('=').ok_or(form)?;
        let (package, check) = match what.split_once(':') {
            Some((package, check)) => (Some(package), check),
            None => (None, what),
        };
        let (check, subject) = match check.split_once('/') {
            Some((check, subject)) => (check, Some(subject.to_owned())),
            None => (check, None),
        };
        let package = match package.map(|package| package.split_once('@').unwrap_or((package, ""))) {
            None => None,
            Some((name, "")) => Some((PackageName::parse(name).ok_or(form)?, None)),
            Some((name, version)) => {
                Some((PackageName::parse(name).ok_or(form)?, Some(Version::parse(version).ok_or(form)?)))
            }
        };
        let reason = accepted_reason(reason)?;
        match checks::check(check) {
            Some(known) if known.firmness == Firmness::Free => {}
            Some(_) => return Err(format!("nobody may wave `{check}` through")),
            None => {
                return Err(format!(
                    "`{check}` is not a check; `cargo provenance explain --list` lists them"
                ));
            }
        }
        Ok(Self { package, check: check.to_owned(), subject, reason })
    }

    /// Accepts just this finding.
    pub fn of(finding: &Finding, reason: &str) -> Result<Self, String> {
        let package = finding.package.as_ref().map(|id| (id.name.clone(), Some(id.version.clone())));
        let (check, subject) = (finding.id.to_owned(), finding.subject.clone());
        Ok(Self { package, check, subject, reason: accepted_reason(reason)? })
    }

    /// Whether it names this finding. One that stands at `deny` is for the policy to change.
    pub fn names(&self, finding: &Finding) -> bool {
        let named = |id: &PackageId| {
            self.package.as_ref().is_none_or(|(name, version)| {
                *name == id.name && version.as_ref().is_none_or(|version| *version == id.version)
            })
        };
        finding.weight == Weight::Review
            && finding.id == self.check
            && finding.package.as_ref().is_some_and(named)
            && (self.subject.is_none() || self.subject == finding.subject)
    }

    /// The same words, as they would stand on the command line.
    pub fn words(&self) -> String {
        let package = self.package.as_ref().map(|(name, version)| match version {
            Some(version) => format!("{name}@{version}:"),
            None => format!("{name}:"),
        });
        let subject = self.subject.as_ref().map(|subject| format!("/{subject}"));
        format!("{}{}{}", package.unwrap_or_default(), self.check, subject.unwrap_or_default())
    }
}

/// A reason that says something.
fn accepted_reason(reason: &str) -> Result<String, String> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err("say why, for whoever reads it next year".to_owned());
    }
    if reason == PLACEHOLDER {
        let place = format!("put your own reason in the place of `{PLACEHOLDER}`");
        return Err(format!("{place}, for whoever reads it next year"));
    }
    if reason.chars().any(char::is_control) {
        return Err("write the reason in one line, without control characters".to_owned());
    }
    Ok(reason.to_owned())
}

/// The lines of an exception.
pub fn exception(finding: &Finding, spec: &str, reason: &str, expires: Date) -> Vec<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let subject = finding.subject.as_ref().map(|subject| format!("id = {}", quoted(subject)));
    let mut lines = vec!["[[exception]]".to_owned(), format!("check = {}", quoted(finding.id))];
    lines.push(format!("package = {}", quoted(spec)));
    lines.extend(subject);
    lines.extend([format!("reason = {}", quoted(reason)), format!("expires = \"{expires}\"")]);
    lines
}

/// Says at every finding that refuses what would let it pass: the flag where a person may accept it, the policy's lines
/// where only the team can live with it. `command` stands before the flag where it is another command's, with a blank behind it.
pub fn tell_ways(findings: &mut [Finding], today: Date, command: &str) {
    for finding in findings.iter_mut().filter(|finding| may_be_waived(finding)) {
        let Some(id) = &finding.package else { continue };
        let (spec, key) = (format!("{}@{}", id.name, id.version), key(finding));
        match finding.weight {
            Weight::Review => {
                let flag = format!("{command}--accept '{spec}:{key}=REASON'");
                finding.help.push(format!("to accept it for these bytes: `{flag}`"));
            }
            Weight::Denial => {
                let help = "to live with it for a while, add this to `Provenance.toml`, then run `cargo provenance pin`, and this \
                    command again:";
                finding.help.push(help.to_owned());
                finding.paste = exception(finding, &spec, "…", today.plus_days(30));
            }
            Weight::Note => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::Source;
    use provenance_build::name::CRATES_IO;

    use super::*;
    use crate::vet::catalogue;

    fn finding(id: &'static str, weight: Weight, subject: Option<&str>) -> Finding {
        let package = PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse("1.0.0").expect("a version"),
            source: Source::parse(CRATES_IO),
        };
        let mut finding = Finding::new(id, weight, "x").about(package);
        finding.subject = subject.map(str::to_owned);
        finding
    }

    fn acceptance(check: &str, id: Option<&str>) -> Acceptance {
        let (check, id) = (check.to_owned(), id.map(str::to_owned));
        Acceptance { check, id, by: "me".into(), on: "2026-11-23".into(), reason: "r".into() }
    }

    fn stands(finding: Finding, accepted: &[Acceptance], baseline: &[&str], policy: &str) -> bool {
        let text = format!("version = 1\n{policy}");
        let policy = Policy::parse(text.as_bytes(), Path::new("p"), catalogue()).expect("a policy");
        let mut exceptions = Exceptions::of(&policy, Date::parse("2026-11-23").expect("a date"));
        let mut judgment = Judgment { findings: vec![finding], ..Judgment::default() };
        let baseline = baseline.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
        waive(&mut judgment, accepted, &baseline, &mut exceptions);
        !judgment.findings.is_empty()
    }

    #[test]
    fn an_acceptance_waives_one_thing_that_is_up_for_review() {
        let unsound = || finding("unsound", Weight::Review, Some("RUSTSEC-2026-0001"));
        assert!(!stands(unsound(), &[acceptance("unsound", Some("RUSTSEC-2026-0001"))], &[], ""));
        assert!(stands(unsound(), &[acceptance("unsound", Some("RUSTSEC-2026-0002"))], &[], ""));
        assert!(stands(unsound(), &[acceptance("unsound", None)], &[], ""));
        let denied = finding("unsound", Weight::Denial, Some("RUSTSEC-2026-0001"));
        assert!(stands(denied, &[acceptance("unsound", Some("RUSTSEC-2026-0001"))], &[], ""));
    }

    #[test]
    fn a_line_in_a_pin_makes_no_vulnerability_and_no_source_a_baseline() {
        let vulnerable = || finding("vulnerability", Weight::Denial, Some("RUSTSEC-2026-0001"));
        assert!(stands(vulnerable(), &[], &["vulnerability/RUSTSEC-2026-0001"], ""));
        assert!(stands(finding("source", Weight::Denial, None), &[], &["source"], ""));
        assert!(!stands(finding("license", Weight::Denial, None), &[], &["license"], ""));
        // `init` writes exceptions for these, which end.
        let exception = |ends: &str| {
            format!(
                "[[exception]]\ncheck = \"vulnerability\"\npackage = \"dep\"\nreason = \"r\"\nexpires = \"{ends}\"\n"
            )
        };
        assert!(!stands(vulnerable(), &[], &[], &exception("2026-11-23")));
        assert!(stands(vulnerable(), &[], &[], &exception("2026-11-22")));
    }

    #[test]
    fn nobody_waves_malice_and_broken_archives_through() {
        for id in ["archive-link", "checksum-changed", "malicious"] {
            assert!(stands(finding(id, Weight::Denial, None), &[acceptance(id, None)], &[id], ""), "{id}");
            assert!(stands(finding(id, Weight::Review, None), &[acceptance(id, None)], &[id], ""), "{id}");
        }
    }

    #[test]
    fn what_is_accepted_on_the_command_line_is_read() {
        for (text, package, subject) in [
            ("unsound=why", None, None),
            ("dep:unsound=why=not", Some("dep"), None),
            ("dep@1.0.0:unsound/RUSTSEC-2026-0001=why", Some("dep"), Some("RUSTSEC-2026-0001")),
        ] {
            let accept = Accept::parse(text).expect(text);
            assert_eq!(accept.package.as_ref().map(|(name, _)| name.as_str()), package, "{text}");
            assert_eq!(accept.subject.as_deref(), subject, "{text}");
        }
        for bad in [
            "",
            "unsound",
            "unsound= ",
            "unsond=x",
            "unsound=REASON",
            "unsound=a\nb",
            "dep:unsound= REASON ",
            "malicious=x",
            "d p:unsound=x",
            "dep@x:unsound=x",
        ] {
            assert!(Accept::parse(bad).is_err(), "{bad}");
        }
    }
}
