//! `source`: whether somebody who may do so stands behind every commit that changes the workspace.
//!
//! Who may is read at the commit that was trusted before and followed from there: a commit that changes the list must be signed by
//! somebody whom the list before it names. What is judged never says who may judge it.

mod anchor;
pub mod hooks;
mod telling;
mod walk;

use std::path::PathBuf;

use provenance_build::Moment;

use self::anchor::Anchor;
use self::telling::tell;
use self::walk::Walk;
use crate::collect::gate;
use crate::commit::{Asked, Id, Signed, When, judge, parse_tag};
use crate::finding::{Finding, Weight};
use crate::git::{History, Object, Repository, Wanted};
use crate::model::{OpenPgpKey, Surroundings};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// What `source` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The commit that was trusted before; the policy's where there is none.
    pub since: Option<String>,
    /// The last commit; `HEAD` where there is none.
    pub revision: Option<String>,
    /// An annotated tag to judge, on the last commit.
    pub tag: Option<String>,
    /// A file of signers outside the repository, absolute. It alone counts.
    pub signers: Option<PathBuf>,
    /// OpenPGP keys that count with that file.
    pub openpgp: Vec<OpenPgpKey>,
    /// Commits that were accepted when their keys were still valid.
    pub accepted: Vec<String>,
    /// What belongs to the workspace besides, relative to its root.
    pub paths: Vec<String>,
}

/// Runs the use case.
///
/// # Errors
///
/// A repository or a policy that cannot be read, a revision that names no commit, a history that is not complete.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let repository = Repository::around(&root)?;
    let mut report = Report::new("source");
    let tag = options.tag.as_deref().map(|name| tagged(&repository, name)).transpose()?;
    let head = match (&options.tag, &options.revision) {
        (Some(tag), _) => repository.commit(&format!("refs/tags/{tag}^{{commit}}"))?,
        (None, revision) => repository.commit(revision.as_deref().unwrap_or("HEAD"))?,
    };
    let anchor = Anchor::find(&root, &repository, &policy, options)?;
    let accepted = options.accepted.iter().map(|name| repository.commit(name));
    let accepted = accepted.collect::<Result<Vec<_>, _>>()?;
    let history = repository.history(&Wanted {
        head: &head,
        since: &anchor.since,
        more: &accepted,
        tag: tag.as_ref(),
        files: &anchor.files(),
        paths: &anchor.scope,
    })?;
    let now = Moment(surroundings.clock.0);
    let walk = Walk { history: &history, anchor: &anchor, accepted: &accepted, now };
    report.step(
        "Checking",
        format!("the commits up to {} since {} ({})", head.short(), anchor.since.short(), anchor.said_by),
    );
    if telling::forged(&history, &mut report) || !walk.reaches(&head)? {
        telling::rewritten(&anchor, &head, options.since.is_none(), &mut report);
        report.outcome = Outcome::Distrusted;
        report.conclusion = format!("the history is not trusted: {}", report.tally());
        return Ok(report);
    }
    let passed = walk.run(&head, progress)?;
    tell(&passed, &mut report);
    if let Some(id) = &tag {
        let name = options.tag.as_deref().unwrap_or_default();
        judge_tag(&Tagged { name, id, head: &head }, &walk, &passed, &history, &mut report)?;
    }
    let submodules = anchor.scope.iter().flat_map(|path| repository.submodules(&head, path));
    let submodules = submodules.collect::<std::collections::BTreeSet<_>>();
    if !submodules.is_empty() {
        let names = submodules.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let what = plural(submodules.len(), "submodule");
        report.not_checked.push(format!(
            "the commits of {what} ({names}); which commit is used is a part of what is signed"
        ));
    }
    conclude(&passed, options, &mut report);
    Ok(report)
}

fn conclude(passed: &walk::Passed, options: &Options, report: &mut Report) {
    let (judged, all) = (passed.verdicts.len(), passed.commits);
    report.count("commits", all);
    report.count("judged", judged);
    report.count("signed", passed.verdicts.iter().filter(|verdict| verdict.ruling.is_ok()).count());
    let is_undecided = |finding: &Finding| finding.id == "commit-undecided";
    let refused =
        report.findings.iter().filter(|it| it.weight == Weight::Denial && !is_undecided(it)).count();
    let open = report.findings.iter().filter(|finding| is_undecided(finding)).count();
    (report.outcome, report.conclusion) = if refused > 0 {
        (
            Outcome::Distrusted,
            format!("the source is not trusted: {} in {}", report.tally(), plural(all, "commit")),
        )
    } else if open > 0 {
        (Outcome::Undecided, format!("{} could not be judged", plural(open, "signature")))
    } else {
        let tag = if options.tag.is_some() { " and the tag" } else { "" };
        let rest = match all - judged {
            0 => String::new(),
            rest => format!("; {} without a change to the workspace", plural(rest, "commit")),
        };
        let signed = plural(judged, "commit");
        let verb = if judged == 1 && tag.is_empty() { "is" } else { "are" };
        (Outcome::Fine, format!("{signed}{tag} {verb} signed by allowed signers{rest}"))
    };
}

struct Tagged<'a> {
    name: &'a str,
    id: &'a Id,
    head: &'a Id,
}

fn tagged(repository: &Repository, name: &str) -> Result<Id, Failure> {
    repository.tag(name)?.ok_or_else(|| {
        Failure::new(Kind::Usage, format!("there is no tag `{name}`"))
            .help("fetch it with `git fetch origin tag NAME`, or correct the name")
    })
}

/// Judges an annotated tag by those who are trusted at the commit that it is put on.
fn judge_tag(
    tag: &Tagged<'_>,
    walk: &Walk<'_>,
    passed: &walk::Passed,
    history: &History,
    report: &mut Report,
) -> Result<(), Failure> {
    let what = format!("tag `{}`", tag.name);
    let Some(bytes) = history.object(tag.id, "tag") else {
        let finding = Finding::new("tag-differs", Weight::Denial, format!("{what} is no annotated tag"));
        report.findings.push(finding.help("only annotated tags are signed: `git tag --sign`"));
        return Ok(());
    };
    let parsed = match parse_tag(bytes) {
        Ok(parsed) if parsed.name == tag.name && parsed.commit == *tag.head => parsed,
        Ok(parsed) => {
            let message = format!("{what} is the tag `{}` of commit {}", parsed.name, parsed.commit.short());
            let finding = Finding::new("tag-differs", Weight::Denial, message);
            report
                .findings
                .push(finding.help("find out who put it there: a signed tag of another version was renamed"));
            return Ok(());
        }
        Err(why) => {
            report.findings.push(Finding::new(
                "commit-malformed",
                Weight::Denial,
                format!("{what} cannot be read: {why}"),
            ));
            return Ok(());
        }
    };
    let ask = |asked: Asked<'_>| match asked {
        Asked::OpenPgp => history.ask_gpg(tag.id, Object::Tag),
        Asked::Ssh(key) => history.ask_openssh(tag.id, Object::Tag, key),
    };
    let signed = Signed {
        signature: parsed.signature.as_deref(),
        payload: &parsed.payload,
        email: &parsed.tagger.email,
    };
    let at = Moment(parsed.tagger.seconds.max(passed.at.0));
    let trusted = passed.trusted.iter().map(|it| &**it).collect::<Vec<_>>();
    let ruling = match walk::odd_time(parsed.tagger.seconds, passed.at, walk.now) {
        Some(fault) => Err(fault),
        None => {
            judge(signed, &trusted, When { at, end: at.max(walk.now) }, &ask).map_err(walk::Fault::Signature)
        }
    };
    match ruling {
        Ok(by) => report.detail("Signed", format!("{what} by {} ({by})", parsed.tagger.email)),
        Err(fault) => {
            report.findings.push(telling::refused(&what, &parsed.tagger.email, &fault, Object::Tag))
        }
    }
    Ok(())
}
