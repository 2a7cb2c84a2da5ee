//! What `init` takes over from cargo-deny and cargo-audit: it reads their files, finds the packages that ignored advisories are
//! about, and tells what was left.

mod weaker;

use std::path::Path;

use provenance_build::{LockedPackage, PackageId, toml};

use super::Error;
use crate::advisory::{Database, Hit, Kind};
use crate::archive::{License, printable};
use crate::finding::{Finding, Weight};
use crate::model::{Date, LicenseExpression, LicenseName};
use crate::policy::takeover::{self, Ignored, Left, NO_REASON, Sourced, Taken, Tool};
use crate::policy::{Firmness, Level, Policy};
use crate::report::{Report, plural};
use crate::vet::{catalogue, checks, waiver};

/// Days until what was taken over has to be decided again.
const DAYS: i64 = 90;

/// What other tools' files hold.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    pub(super) taken: Taken,
    /// The files that were taken over.
    files: Vec<&'static str>,
    /// The files that were not, since there is a policy.
    skipped: Vec<&'static str>,
}

impl Takeover {
    /// Reads the files at `root`. A policy that is there already says everything.
    pub(super) fn read(root: &Path, has_policy: bool) -> Result<Self, Error> {
        let mut all = Self::default();
        for tool in Tool::ALL {
            let there = tool.files().iter().copied().filter(|name| root.join(name).exists());
            for (number, name) in there.enumerate() {
                if has_policy {
                    all.skipped.push(name);
                } else if number == 0 {
                    let text = toml::read(&root.join(name))?;
                    let taken = takeover::take(tool, &text, name, catalogue())?;
                    all.taken = std::mem::take(&mut all.taken).and(taken);
                    all.files.push(name);
                } else {
                    let why = "the tool reads another file in its place".to_owned();
                    all.taken.left.push(Left { origin: name.to_owned(), key: "file".to_owned(), why });
                }
            }
        }
        Ok(all)
    }

    /// The policy's lines for what is ignored and concerns one of `packages`.
    pub(super) fn exceptions(
        &mut self,
        policy: &Policy,
        packages: &[&LockedPackage],
        license_of: &dyn Fn(&PackageId) -> Option<License>,
        databases: Option<&[Database]>,
        today: Date,
    ) -> String {
        let mut text = String::new();
        for Sourced { value, origin } in std::mem::take(&mut self.taken.ignored) {
            let (key, result) = match value {
                Ignored::Advisory { id, reason } => {
                    let reason = reason_of(reason, &origin);
                    ("ignore", self.of_advisory(policy, packages, databases, &id, &reason, today))
                }
                Ignored::License { package, allowed } => {
                    let allowed = Exempt { package: &package, allowed: &allowed };
                    ("license", of_license(policy, packages, license_of, &allowed, today))
                }
                Ignored::Package { check, package, reason } => {
                    let reason = reason_of(reason, &origin);
                    (check, of_package(policy, packages, check, &package, &reason, today))
                }
            };
            match result {
                Ok(lines) => text.push_str(&format!("\n# {origin}\n{lines}")),
                Err(why) => {
                    self.taken.number -= 1;
                    self.taken.left.push(Left { origin, key: key.to_owned(), why });
                }
            }
        }
        text
    }

    fn of_advisory(
        &self,
        policy: &Policy,
        packages: &[&LockedPackage],
        databases: Option<&[Database]>,
        id: &str,
        reason: &str,
        today: Date,
    ) -> Result<String, String> {
        let Some(databases) = databases else {
            // Not lost: a person can fill in what nobody could look up.
            let lines = lines("vulnerability", "…", Some(id), reason, today);
            let lines = lines.lines().map(|line| format!("# {line}\n")).collect::<String>();
            return Ok(format!(
                "# No advisory database was at hand: name check and package, and remove the `#`.\n{lines}"
            ));
        };
        let named = databases.iter().flat_map(|database| database.named(id));
        let about = |(name, hit): (&str, &Hit)| {
            let affected = packages.iter().any(|package| {
                package.id.name.as_str() == name
                    && databases.iter().any(|it| it.hits(&package.id).hits.iter().any(|one| one.id == hit.id))
            });
            affected.then(|| (name.to_owned(), hit.kind, hit.id.clone()))
        };
        let mut affected = named.filter_map(about).collect::<Vec<_>>();
        affected.sort();
        affected.dedup();
        let mut text = String::new();
        let mut why = format!("`{id}` is about no package of `Cargo.lock`");
        for (name, kind, id) in affected {
            let check = kind.as_str();
            match kind {
                Kind::Malicious => why = format!("`{id}` is about malice, which nobody may wave through"),
                _ if !refuses(policy, check) => {
                    why = format!("`{check}` refuses nothing here, so that it needs no exception")
                }
                _ => text.push_str(&lines(check, &name, Some(&id), reason, today)),
            }
        }
        if text.is_empty() { Err(why) } else { Ok(text) }
    }

    /// Says what was taken over, and everything that was not.
    pub(super) fn tell(&self, report: &mut Report) {
        for name in &self.skipped {
            report.step("Skipping", format!("`{name}`: there is a policy already, which says everything"));
        }
        if self.files.is_empty() {
            return;
        }
        let files = self.files.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        report.step("Taking over", format!("{} from {files}", plural(self.taken.number, "setting")));
        report.count("taken-over", self.taken.number);
        report.count("not-taken-over", self.taken.left.len());
        report.findings.extend(weaker::found(&self.taken, &files));
        if self.taken.left.is_empty() {
            return;
        }
        let settings = plural(self.taken.left.len(), "setting");
        let message = format!("{settings} of {files} could not be taken over");
        let help = "look at each: what the team cannot do without, the other tool has to go on judging";
        let mut finding = Finding::new("not-taken-over", Weight::Note, message).help(help);
        let place = |left: &Left| {
            let (name, line) = left.origin.rsplit_once(':').unwrap_or((&left.origin, "0"));
            let file = self.files.iter().position(|file| *file == name);
            (file, line.parse::<u32>().unwrap_or_default())
        };
        let mut left = self.taken.left.iter().collect::<Vec<_>>();
        left.sort_by_key(|left| place(left));
        finding.notes =
            left.iter().map(|Left { origin, key, why }| format!("{origin}: `{key}`: {why}")).collect();
        report.findings.push(finding);
    }
}

fn of_package(
    policy: &Policy,
    packages: &[&LockedPackage],
    check: &str,
    package: &str,
    reason: &str,
    today: Date,
) -> Result<String, String> {
    if !packages.iter().any(|locked| fits(&locked.id, package)) {
        return Err(format!("`{package}` is not in `Cargo.lock`"));
    }
    if !refuses(policy, check) {
        return Err(format!("`{check}` refuses nothing here, so that it needs no exception"));
    }
    Ok(lines(check, package, None, reason, today))
}

/// Whether an exception that names `package` is about `id`.
fn fits(id: &PackageId, package: &str) -> bool {
    package == id.name.as_str() || package == format!("{}@{}", id.name, id.version)
}

/// A package that alone may have licenses.
struct Exempt<'a> {
    package: &'a str,
    allowed: &'a [String],
}

/// An exception from `license` waives every license. So there is one only for versions that are there, and only if what they
/// are licensed under is covered.
fn of_license(
    policy: &Policy,
    packages: &[&LockedPackage],
    license_of: &dyn Fn(&PackageId) -> Option<License>,
    exempt: &Exempt<'_>,
    today: Date,
) -> Result<String, String> {
    let here = packages.iter().map(|locked| &locked.id).filter(|id| fits(id, exempt.package));
    let here = here.collect::<Vec<_>>();
    if here.is_empty() {
        return Err(format!("`{}` is not in `Cargo.lock`", exempt.package));
    }
    let everywhere = policy.licenses().map(|list| list.value.iter().map(|at| &at.value).collect::<Vec<_>>());
    let Some(everywhere) = everywhere.filter(|_| refuses(policy, "license")) else {
        return Err("`license` refuses nothing here, so that it needs no exception".to_owned());
    };
    let also = exempt.allowed.iter().filter_map(|name| LicenseName::parse(name)).collect::<Vec<_>>();
    let mut text = String::new();
    for id in here {
        let expression = license_of(id).and_then(|license| license.expression);
        let Some(Ok(parsed)) = expression.as_deref().map(LicenseExpression::parse) else {
            return Err(format!(
                "`{}` has no license that can be compared: read it, and accept it",
                id.short()
            ));
        };
        if parsed.is_met_by(everywhere.iter().copied()).is_ok() {
            continue;
        }
        if parsed.is_met_by(everywhere.iter().copied().chain(&also)).is_err() {
            let license = printable(expression.unwrap_or_default().as_bytes());
            return Err(format!("the exception does not cover the license of `{}`, `{license}`", id.short()));
        }
        let reason = format!("{} allowed for it alone", exempt.allowed.join(", "));
        let reason = reason_of(Some(reason), "");
        text.push_str(&lines("license", &format!("{}@{}", id.name, id.version), None, &reason, today));
    }
    match text.is_empty() {
        true => Err(format!("the license of `{}` is allowed for every package", exempt.package)),
        false => Ok(text),
    }
}

/// Whether a check can refuse under a policy.
fn refuses(policy: &Policy, id: &str) -> bool {
    let Some(check) = checks::check(id).filter(|check| check.firmness == Firmness::Free) else {
        return false;
    };
    let whole = policy.level(id).map_or(check.level, |at| at.value);
    let parts = ["direct", "transitive"].into_iter().filter_map(|part| policy.part_level(id, part));
    parts.map(|at| at.value).chain([whole]).any(|level| level >= Level::Review)
}

fn reason_of(reason: Option<String>, origin: &str) -> String {
    let plain =
        reason.unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    match plain.trim() {
        "" => format!("{NO_REASON} from {origin}"),
        reason => reason.to_owned(),
    }
}

fn lines(check: &str, package: &str, subject: Option<&str>, reason: &str, today: Date) -> String {
    let id = checks::check(check).map_or("vulnerability", |check| check.id);
    let finding = Finding { subject: subject.map(str::to_owned), ..Finding::new(id, Weight::Denial, "") };
    waiver::exception(&finding, package, reason, today.plus_days(DAYS)).join("\n") + "\n"
}
