//! The report of a scan: what was found, what is wrong with it, and what nobody knows.

use std::path::Path;

use super::ground::Ground;
use super::judge::{self, Advised};
use super::{Options, Seen};
use crate::advisory::Database;
use crate::artifact::Embedded;
use crate::collect::images::{Content, Image, Source};
use crate::finding::{Finding, Place, Role, Weight};
use crate::model::Evidence;
use crate::processes::{Running, Standing};
use crate::report::{Outcome, Report, Tolerated, plural};

/// What was counted.
#[derive(Default)]
struct Tally {
    files: usize,
    images: usize,
    listed: usize,
    unlisted: usize,
    unreadable: usize,
    packed: usize,
    unattested: usize,
    other_manifest: usize,
    changed: usize,
    refused: usize,
}

/// Judges everything and tells it.
pub(super) fn report(seen: &Seen<'_>, ground: &Ground, options: &Options) -> Report {
    let mut report = Report::new("scan");
    let mut tally = Tally { files: seen.tree.files.len(), ..Tally::default() };
    let databases = ground.advisories.databases().collect::<Vec<_>>();
    let mut advised = Advised::default();
    tell_databases(&mut report, ground);
    for (image, running, is_named) in seen.images() {
        match &image.content {
            Content::Embedded(embedded) => {
                (tally.images, tally.listed) = (tally.images + 1, tally.listed + 1);
                let packages = plural(embedded.packages.len(), "package");
                report.detail("Listed", format!("{}: {packages}", judge::called(image, running)));
                advised.look_up(image, running, embedded, &databases, ground);
                pinned(&mut report, &mut tally, (image, running), embedded, ground);
            }
            Content::Without(format) => {
                (tally.images, tally.unlisted) = (tally.images + 1, tally.unlisted + 1);
                let what = format!("{}: {format} without a list", judge::called(image, running));
                report.detail("Unlisted", what);
                if options.required.lists {
                    let message =
                        format!("{} does not say what it was built from", judge::called(image, running));
                    let help = "build it with the list in it: `cargo provenance init --build-helper --embed`, or `cargo auditable`";
                    report
                        .findings
                        .push(at(Finding::new("image-unlisted", Weight::Denial, message).help(help), image));
                    tally.refused += 1;
                }
            }
            Content::Packed(what) if is_named => {
                tally.unreadable += 1;
                let message = format!("`{}` is {what}, which is not opened", image.name);
                let help = "unpack it and scan the folder";
                report
                    .findings
                    .push(at(Finding::new("image-unreadable", Weight::Denial, message).help(help), image));
            }
            Content::Packed(what) => {
                tally.packed += 1;
                report.detail("Unopened", format!("`{}`: {what}", image.name));
            }
            Content::Unreadable(why) => {
                tally.unreadable += 1;
                let message = format!("{} could not be looked into: {why}", judge::called(image, running));
                report.findings.push(at(Finding::new("image-unreadable", Weight::Denial, message), image));
            }
        }
        attested(&mut report, &mut tally, (image, running), ground, options);
    }
    tell_running(&mut report, &mut tally, seen, options);
    tell_unseen(&mut report, &mut tally, seen);
    let (packages, uncovered, odd) = (advised.packages.len(), advised.uncovered.len(), advised.odd.len());
    for package in &advised.uncovered {
        report.detail("Uncovered", package.clone());
    }
    let faults = ground.advisories.faults();
    let odd_files = advised.odd.iter().map(|odd| format!("advisories in a file that cannot be read: {odd}"));
    report.not_checked.extend(faults.iter().cloned().chain(odd_files));
    let vulnerable = advised.vulnerable;
    let (findings, tolerated) = advised.findings(ground);
    tell_muted(&mut report, &tolerated);
    let denied = findings.iter().filter(|finding| finding.weight != Weight::Note).count();
    report.findings.extend(findings);
    report.tolerated.extend(tolerated);
    report.findings.sort_by_key(|finding| finding.weight);
    let undecided = tally.unreadable > 0 || odd > 0 || !faults.is_empty();
    report.outcome = match () {
        () if tally.unattested > 0 && options.required.attested => Outcome::Distrusted,
        () if tally.other_manifest > 0 => Outcome::Drift,
        () if denied > 0 || tally.refused > 0 => Outcome::Refused,
        () if undecided => Outcome::Undecided,
        () => Outcome::Fine,
    };
    if uncovered > 0 {
        let packages = plural(uncovered, "package");
        report
            .not_checked
            .push(format!("advisories about {packages} that no database speaks of; `-v` lists them"));
    }
    if databases.is_empty() && faults.is_empty() {
        report.not_checked.push("advisories: the policy names no database".to_owned());
    }
    let running = &seen.table;
    for (name, number) in [
        ("files", tally.files),
        ("processes", running.processes),
        ("kernel-threads", running.kernel_threads),
        ("images", tally.images),
        ("listed", tally.listed),
        ("unlisted", tally.unlisted),
        ("packages", packages),
        ("not-covered", uncovered),
        ("vulnerable", vulnerable),
        ("muted", report.tolerated.len()),
        ("unreadable", tally.unreadable),
        ("unopened", tally.packed),
        ("unattested", tally.unattested),
        ("other-manifest", tally.other_manifest),
        ("not-on-disk", tally.changed),
        ("ended", running.ended + seen.ended()),
        ("links", seen.tree.links),
        ("special", seen.tree.special),
    ] {
        report.count(name, number);
    }
    let fault = faults.first().map(|fault| (fault, options.database.is_none()));
    conclude(&mut report, &tally, packages, vulnerable, fault);
    report
}

fn conclude(
    report: &mut Report,
    tally: &Tally,
    packages: usize,
    vulnerable: usize,
    fault: Option<(&String, bool)>,
) {
    let images = plural(tally.images, "program");
    let listed = match (tally.listed, tally.unlisted) {
        (0, unlisted) if unlisted > 0 => format!("{images}, none of which says what it was built from"),
        (_, 0) => format!("{images} of {}", plural(packages, "package")),
        (listed, _) => format!("{images}, {listed} of them with a list of {}", plural(packages, "package")),
    };
    report.conclusion = match report.outcome {
        Outcome::Fine => match report.showing(Weight::Note) {
            0 => format!("{listed}: nothing found"),
            notes => format!("{listed}: {}", plural(notes, "note")),
        },
        Outcome::Refused if vulnerable > 0 => {
            format!("to pass: {vulnerable} of {images} vulnerable, {}", report.tally())
        }
        Outcome::Refused => format!("to pass: {} in {images}", report.tally()),
        Outcome::Undecided => match (tally.unreadable, fault) {
            (0, Some((fault, true))) => format!("{fault}; run `cargo provenance db update`"),
            (0, Some((fault, false))) => fault.clone(),
            (0, None) => format!("{images} could not be judged"),
            (unreadable, _) => format!("{} could not be looked into", plural(unreadable, "place")),
        },
        Outcome::Distrusted => format!("{} of {images} not attested: {}", tally.unattested, report.tally()),
        Outcome::Drift | Outcome::Program(_) => {
            format!("{} of {images} built by another manifest: {}", tally.other_manifest, report.tally())
        }
    };
}

fn tell_databases(report: &mut Report, ground: &Ground) {
    if let Some(policy) = &ground.ignored {
        report.step("Ignoring", format!("`{}`: to let it count, name it with `--policy`", policy.display()));
    }
    for copy in &ground.advisories.copies {
        let newest = match &copy.database {
            Evidence::Known(database) => match database.newest() {
                Some(date) => format!("{}, the newest of {date}", known(database)),
                None => known(database),
            },
            Evidence::Absent | Evidence::Unavailable(_) => "not at hand".to_owned(),
        };
        report.step("Database", format!("`{}`: {newest}", copy.name()));
    }
    for line in &ground.skipped {
        report.detail("Skipped", line.clone());
    }
    if !ground.skipped.is_empty() {
        let lines = plural(ground.skipped.len(), "attestation");
        report
            .not_checked
            .push(format!("{lines} that no trusted key signed or that cannot be read; `-v` lists them"));
    }
}

fn known(database: &Database) -> String {
    plural(database.counts().advisories, "advisory")
}

/// Whether an image was built by the manifest that is expected.
fn pinned(
    report: &mut Report,
    tally: &mut Tally,
    (image, running): (&Image, Option<&Running>),
    embedded: &Embedded,
    ground: &Ground,
) {
    let Some(expected) = &ground.manifest else { return };
    let found = embedded.provenance.as_ref().map(|section| &section.manifest);
    if found == Some(expected) {
        return;
    }
    tally.other_manifest += 1;
    let name = judge::called(image, running);
    let message = match found {
        Some(found) => format!("{name} was built by another manifest, {}", found.short()),
        None => format!("{name} does not say which manifest it was built by"),
    };
    let finding = Finding::new("image-other-manifest", Weight::Denial, message)
        .note(format!("the manifest given is {}", expected.short()))
        .help("roll out what was built by this manifest, or name the manifest of the release that runs here");
    report.findings.push(at(finding, image));
}

/// Whether a trusted key signed for an image.
fn attested(
    report: &mut Report,
    tally: &mut Tally,
    (image, running): (&Image, Option<&Running>),
    ground: &Ground,
    options: &Options,
) {
    let (Some(attested), Some(sha256)) = (&ground.attested, &image.sha256) else { return };
    if attested.contains(&sha256.hex()) {
        return;
    }
    tally.unattested += 1;
    let weight = if options.required.attested { Weight::Denial } else { Weight::Note };
    let message =
        format!("{} is the subject of no statement that a trusted key signed", judge::called(image, running));
    let finding = Finding::new("unattested", weight, message).note(format!("its digest is {sha256}"));
    report.findings.push(at(finding, image));
}

/// What runs and is not what lies on disk.
fn tell_running(report: &mut Report, tally: &mut Tally, seen: &Seen<'_>, options: &Options) {
    for (source, reading) in seen.readings {
        let Source::Running(running) = source else { continue };
        let (Some(image), true) = (reading.images.first(), running.standing != Standing::Current) else {
            continue;
        };
        tally.changed += 1;
        let weight = if options.required.current { Weight::Denial } else { Weight::Note };
        tally.refused += usize::from(options.required.current);
        let message = format!("{} {}", judge::called(image, Some(running)), running.standing.says());
        let finding = Finding::new(running.standing.as_str(), weight, message);
        let finding = match running.standing {
            Standing::Replaced | Standing::Deleted => {
                finding.help("restart it, so that what is installed runs")
            }
            Standing::InMemory | Standing::Current => finding.help("find out who started it, and from where"),
        };
        report.findings.push(at(finding, image));
    }
}

/// What could not be looked at, and what was left out.
fn tell_unseen(report: &mut Report, tally: &mut Tally, seen: &Seen<'_>) {
    let (tree, table) = (seen.tree, seen.table);
    for (path, why) in &tree.unreadable {
        tally.unreadable += 1;
        let message = format!("`{}` could not be looked into: {why}", path.display());
        let finding = Finding::new("image-unreadable", Weight::Denial, message).at(place(path));
        report.findings.push(finding);
    }
    for line in &table.unseen {
        tally.unreadable += 1;
        report.findings.push(Finding::new("process-unseen", Weight::Denial, line.clone()));
    }
    if tally.packed > 0 {
        let archives = plural(tally.packed, "archive");
        report.not_checked.push(format!("{archives} of kinds that are not opened; `-v` lists them"));
    }
    let ended = table.ended + seen.ended();
    if ended > 0 {
        report.not_checked.push(format!("{}, which ended meanwhile", plural(ended, "process")));
    }
    for (number, what) in [
        (tree.links, "symbolic link, not followed"),
        (tree.special, "device, pipe or socket"),
        (tree.views, "view of the kernel (`/proc`, `/sys`)"),
        (tree.again, "further name of a file"),
    ] {
        if number > 0 {
            report.detail("Left out", format!("{number} × {what}"));
        }
    }
}

fn tell_muted(report: &mut Report, tolerated: &[Tolerated]) {
    for Tolerated { finding, why } in tolerated {
        let id = finding.subject.as_deref().unwrap_or(finding.id);
        report.detail("Muted", format!("{} [{id}]; {why}", finding.message));
    }
    if !tolerated.is_empty() {
        let findings = plural(tolerated.len(), "finding");
        report.step("Muted", format!("{findings}, by OpenVEX documents; `-v` lists them"));
    }
}

fn at(finding: Finding, image: &Image) -> Finding {
    finding.at(place(&image.file))
}

fn place(file: &Path) -> Place {
    Place {
        file: file.to_owned(),
        line: 0,
        excerpt: String::new(),
        label: String::new(),
        role: Role::Primary,
    }
}
