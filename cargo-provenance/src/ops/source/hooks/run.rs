//! What the hooks do.

use std::path::Path;

use provenance_build::signing::base64;
use provenance_build::{Moment, manifest};

use crate::collect::gate;
use crate::commit::{Id, Key, Signers, Standing};
use crate::finding::{Finding, Weight};
use crate::git::setup::{self, Value};
use crate::git::{GitError, Revision};
use crate::model::Surroundings;
use crate::ops::{source, verify};
use crate::policy::{Policy, SourceRules};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report};

/// When git asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Before a commit is made.
    PreCommit,
    /// Before commits are sent to another repository.
    PrePush {
        /// The remote's name.
        remote: String,
        /// What git says on standard input: a line for each branch or tag.
        refs: Vec<u8>,
    },
}

/// Runs a hook.
///
/// # Errors
///
/// Those of `verify` and `source`.
pub fn run(surroundings: &Surroundings, event: &Event, progress: &dyn Progress) -> Result<Report, Failure> {
    let (root, policy) = gate::policy_in_force(surroundings)?;
    match event {
        Event::PreCommit => before_commit(surroundings, &root, &policy, progress),
        Event::PrePush { remote, refs } => before_push(surroundings, &root, &policy, remote, refs, progress),
    }
}

/// The workspace is what is pinned, and the commit would be signed by a key that counts.
fn before_commit(
    surroundings: &Surroundings,
    root: &Path,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = match root.join(manifest::FILE_NAME).exists() {
        true => verify::run(surroundings, &verify::Options::default(), progress)?,
        false => Report::new("source hook"),
    };
    let Some(rules) = policy.source_rules() else { return Ok(report) };
    match unprepared(root, rules, Moment(surroundings.clock.0)) {
        Ok(None) => {}
        Ok(Some(what)) => report.not_checked.push(what),
        Err((what, help)) => {
            report.findings.push(Finding::new("signing-not-set-up", Weight::Denial, what).help(help));
            report.outcome = Outcome::Distrusted;
            report.conclusion = "the commit would not be signed by an allowed signer".to_owned();
        }
    }
    Ok(report)
}

type Unprepared = (String, &'static str);

/// Why a commit made now would not be signed as it must be; or what of that cannot be told.
fn unprepared(root: &Path, rules: &SourceRules, now: Moment) -> Result<Option<String>, Unprepared> {
    let text = |key: &str| setup::setting(root, key, Value::Text);
    if setup::setting(root, "commit.gpgSign", Value::Bool).as_deref() != Some("true") {
        let help = "run `git config commit.gpgSign true`; for one commit that is signed by `--gpg-sign`, `git commit --no-verify`";
        return Err(("git is not set up to sign commits".to_owned(), help));
    }
    let email = setup::committer(root);
    let email =
        email.ok_or(("git does not know who commits".to_owned(), "set `user.email` with `git config`"))?;
    if text("gpg.format").is_none_or(|format| format == "openpgp") {
        let is_listed = rules.openpgp.iter().any(|key| key.value.email == email);
        return match is_listed {
            true => Ok(Some("whether the OpenPGP key that git signs with is the listed one".to_owned())),
            false => Err((
                format!("no OpenPGP key is listed for `{email}`"),
                "sign with a listed key (`git config gpg.format ssh`), or let somebody who is listed add yours to `openpgp`",
            )),
        };
    }
    let Some(file) = &rules.signers else { return Ok(None) };
    // The list that counts is the committed one.
    let listed = match Revision::find(root, "HEAD").and_then(|head| head.file(&file.value)) {
        Ok(listed) => Signers::parse(&listed.unwrap_or_default()).unwrap_or_default(),
        Err(GitError::Revision { .. }) => return Ok(None),
        Err(error) => return Ok(Some(format!("the signers at `HEAD`: {error}"))),
    };
    let Some(key) = signing_key(root) else {
        return Ok(Some(
            "whether the key that git signs with is listed: `user.signingKey` names no public key".to_owned(),
        ));
    };
    match listed.standing(&key, &email, now, now) {
        Standing::Counts(_) => Ok(None),
        Standing::Expired | Standing::Early => {
            Err((format!("{key} is not valid now"), "let somebody who is listed bring the list up to date"))
        }
        Standing::NotTheirs(whose) => Err((
            format!("{key} is listed for `{whose}`, and `{email}` commits"),
            "set `user.email` to the address that the key is listed for",
        )),
        _ => Err((
            format!("{key} is not listed for `{email}`"),
            "let somebody who is listed add its public key to the signers, or set `user.signingKey` to one that is listed",
        )),
    }
}

/// The public key of `user.signingKey`, which names a file or is the key itself.
fn signing_key(root: &Path) -> Option<Key> {
    let named = setup::setting(root, "user.signingKey", Value::Text)?;
    if let Some(key) = parse(named.strip_prefix("key::").unwrap_or(&named)) {
        return Some(key);
    }
    let file = root.join(setup::setting(root, "user.signingKey", Value::Path)?);
    let public = file.with_file_name(format!("{}.pub", file.file_name()?.to_str()?));
    [file, public].iter().find_map(|file| parse(&provenance_build::toml::read(file).ok()?))
}

fn parse(line: &str) -> Option<Key> {
    let mut words = line.split_ascii_whitespace();
    let (kind, encoded) = (words.next()?, words.next()?);
    base64::decode(encoded)?;
    Key::parse(kind, encoded)
}

/// What is sent is signed by allowed signers.
fn before_push(
    surroundings: &Surroundings,
    root: &Path,
    policy: &Policy,
    remote: &str,
    refs: &[u8],
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut last = Report::new("source hook");
    let Some(rules) = policy.source_rules() else { return Ok(last) };
    for line in String::from_utf8_lossy(refs).lines() {
        let odd = || Failure::new(Kind::Bug, format!("git says something unheard of to the hook: `{line}`"));
        let [_, local, _, there] = line.split(' ').collect::<Vec<_>>()[..] else { return Err(odd()) };
        let (local, there) = (Id::parse(local).ok_or_else(odd)?, Id::parse(there).ok_or_else(odd)?);
        // What is deleted there brings nothing.
        if local.is_zero() {
            continue;
        }
        let since = match (&rules.since, there.is_zero()) {
            (Some(_), _) => None,
            (None, true) => setup::merge_base(root, local.as_str(), &format!("refs/remotes/{remote}/HEAD")),
            (None, false) => setup::merge_base(root, local.as_str(), there.as_str()),
        };
        if rules.since.is_none() && since.is_none() {
            return Err(Failure::new(
                Kind::Undecided,
                format!("nothing says what of commit {} is new", local.short()),
            )
            .help(format!(
                "fetch what is there (`git fetch {remote}` and `git remote set-head {remote} --auto`)"
            ))
            .help("or write `since` into `[source]` of `Provenance.toml`"));
        }
        let options =
            source::Options { since, revision: Some(local.to_string()), ..source::Options::default() };
        last = source::run(surroundings, &options, progress)?;
        if last.outcome != Outcome::Fine {
            return Ok(last);
        }
    }
    Ok(last)
}
