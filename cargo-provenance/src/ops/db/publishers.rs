//! Asks crates.io who published what, for the crates with whose publishing somebody is trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::Duration;

use provenance_build::{Lockfile, PackageName, toml};

use super::super::interruption::settled;
use super::super::vetting;
use crate::audit::{ANSWER_BYTES, Answer, Publications};
use crate::collect::audits::{self, PUBLISHERS};
use crate::collect::vet_store;
use crate::model::{Evidence, Surroundings};
use crate::net::{Client, NetError};
use crate::policy::{AuditRules, Policy};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::store::{Folders, Transaction};
use crate::vet::Reviews;

/// Between two requests: crates.io asks for one a second at most (its data access policy).
const PAUSE: Duration = Duration::from_secs(1);

/// The versions of a crate that are in use.
type Used = BTreeMap<PackageName, BTreeSet<semver::Version>>;

/// Asks, and keeps the answers in `supply-chain/publishers.toml`. What is there is never overwritten. Where nobody is trusted with
/// publishing anything, nobody is asked.
pub(super) fn update(
    mut report: Report,
    surroundings: &Surroundings,
    policy: &Policy,
    root: &Path,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    // What is said of reviews is said again once the answers are there.
    let reviews = match vetting::reviews(policy, root, surroundings.clock, &mut Report::new("db update")) {
        Evidence::Known(reviews) => reviews,
        Evidence::Absent => return Ok(report),
        Evidence::Unavailable(why) => {
            report.not_checked.push(format!("who published what: {why}"));
            return Ok(report);
        }
    };
    let used = used(&reviews, root)?;
    if used.is_empty() {
        return Ok(report);
    }
    let client = Client::new(surroundings)?;
    let rules = policy.audits().cloned().unwrap_or_default();
    let mut answers = vec![];
    let mut failed = None;
    progress.begin("Asking", used.len());
    for (number, krate) in used.keys().enumerate() {
        if number > 0 {
            thread::sleep(PAUSE);
        }
        match ask(&client, &rules, krate) {
            Ok(Ok(answer)) => answers.push((krate, answer)),
            Ok(Err(why)) => report.not_checked.push(format!("who published `{krate}`: {why}")),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
        progress.tick();
    }
    progress.end();
    // What was answered is kept, so that the next time is shorter for whoever asks for it.
    let mut report = settled(report, root, surroundings, |report, _| keep(report, root, &used, &answers))?;
    vetting::reviews(policy, root, surroundings.clock, &mut report);
    failed.map_or(Ok(report), |error| Err(error.into()))
}

/// What crates.io answers about a crate; why it says nothing of use, if so.
fn ask(client: &Client, rules: &AuditRules, krate: &PackageName) -> Result<Result<Answer, String>, NetError> {
    let address = match rules.publishers_of(krate.as_str()) {
        Ok(address) => address,
        Err(error) => return Ok(Err(format!("the address to ask {error}"))),
    };
    match client.get(&address, ANSWER_BYTES as u64) {
        Ok(body) => Ok(Answer::read(&body.bytes, krate.as_str())
            .map_err(|why| format!("`{address}` answers, and {why}"))),
        // One that was never published there, or is gone.
        Err(error @ NetError::Status { status: 404, .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

fn keep(
    report: &mut Report,
    root: &Path,
    used: &Used,
    answers: &[(&PackageName, Answer)],
) -> Result<(), Failure> {
    let damaged = |why: String| {
        Failure::new(Kind::Usage, why).help("correct the file, or restore it from version control")
    };
    let folder = &vet_store::folder(root).map_err(damaged)?;
    let (old, mut publications) = audits::publications(root, folder).map_err(damaged)?;
    let rows = |publications: &Publications| publications.rows.values().map(Vec::len).sum::<usize>();
    let before = rows(&publications);
    for (krate, answer) in answers {
        let odd = publications.take(krate.as_str(), answer, &used[*krate]);
        report.not_checked.extend(odd.iter().map(|version| {
            format!("who published `{krate} v{version}`: what crates.io says now is not what it said before; see `{folder}/{PUBLISHERS}`")
        }));
    }
    let new = rows(&publications) - before;
    let text = publications.text().into_bytes();
    if new > 0 && old.as_ref() != Some(&text) {
        let file = root.join(folder).join(PUBLISHERS);
        let mut folders = Folders::default();
        folders.make_for(&file)?;
        let mut transaction = Transaction::new(root);
        transaction.replace(&file, old, text);
        transaction.commit()?;
    }
    report.step(
        "Updated",
        format!(
            "`{folder}/{PUBLISHERS}`: who published {} of {} ({new} new)",
            plural(before + new, "version"),
            plural(publications.rows.len(), "crate"),
        ),
    );
    Ok(())
}

/// The packages of crates.io in use with whose publishing somebody is trusted, and what the team itself trusts somebody with, which
/// may be about to enter.
fn used(reviews: &Reviews, root: &Path) -> Result<Used, Failure> {
    let own = reviews.own_trust().filter_map(PackageName::parse);
    let mut used = own.map(|name| (name, BTreeSet::new())).collect::<Used>();
    let file = root.join("Cargo.lock");
    if !file.exists() {
        return Ok(used);
    }
    let lockfile = Lockfile::parse(toml::read(&file)?.as_bytes(), &file)?;
    for package in &lockfile.packages {
        let id = &package.id;
        let is_published = id.source.as_ref().is_some_and(provenance_build::Source::is_crates_io);
        if is_published && reviews.trusts_for(id.name.as_str()) {
            let versions = used.entry(id.name.clone()).or_default();
            versions.extend(semver::Version::parse(id.version.as_str()).ok());
        }
    }
    Ok(used)
}
