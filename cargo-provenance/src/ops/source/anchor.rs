//! Where trust begins: a commit, who may sign after it, and what belongs to the workspace.

use std::collections::BTreeSet;
use std::path::Path;

use provenance_build::toml;

use super::Options;
use crate::commit::{Id, Signers, Trusted};
use crate::git::{Repository, Revision};
use crate::policy::{self, Policy, SourceRules};
use crate::report::failure::{Failure, Kind};

/// Where trust begins.
#[derive(Debug)]
pub(super) struct Anchor {
    /// The commit that was trusted before.
    pub(super) since: Id,
    /// Who says so, for people.
    pub(super) said_by: String,
    /// Files and folders that belong to the workspace, from the top of the repository.
    pub(super) scope: Vec<String>,
    /// Where the signers are listed.
    pub(super) trust: Trust,
}

/// Where the signers are listed.
#[derive(Debug)]
pub(super) enum Trust {
    /// In files of the repository, from its top: that of the keys, and the policy, which lists OpenPGP keys.
    Inside { signers: Option<String>, policy: String },
    /// Outside of it.
    Outside(Trusted),
}

impl Anchor {
    pub(super) fn find(
        root: &Path,
        repository: &Repository,
        policy: &Policy,
        options: &Options,
    ) -> Result<Self, Failure> {
        let none = SourceRules::default();
        let rules = policy.source_rules().unwrap_or(&none);
        let (name, said_by) = match (&options.since, &rules.since) {
            (Some(name), _) => (name.as_str(), "`--since`".to_owned()),
            (None, Some(at)) => (at.value.as_str(), policy.spot(at.line)),
            (None, None) => {
                return Err(Failure::new(Kind::Usage, "nothing says since when commits must be signed")
                    .help("name the last commit that you trust as it is: `--since REV`")
                    .help(format!("or write `[source]` with `since` into `{}`", policy::FILE_NAME)));
            }
        };
        if Id::parse(name).is_some_and(|id| id.is_zero()) {
            return Err(Failure::new(Kind::Usage, "the commit of `--since` is the one that stands for none")
                .help("a new branch has nothing before it: name the commit that it branched off, or let the policy say"));
        }
        let since = match repository.commit(name) {
            Ok(since) => since,
            Err(error) => {
                let mut failure = Failure::from(error);
                // A whole name that leads nowhere is right, and what it means is not here.
                if Id::parse(name).is_some() {
                    failure.kind = Kind::Undecided;
                    failure.help = vec![match repository.is_shallow {
                        true => "this clone lacks a part of its history: `git fetch --unshallow`".to_owned(),
                        false => format!(
                            "fetch it: `git fetch origin {name}`; where it is gone there, the history was rewritten: find out by whom"
                        ),
                    }];
                }
                return Err(failure);
            }
        };
        let pinned = Revision::find(root, since.as_str())?;
        let pinned = pinned.file(policy::FILE_NAME)?;
        let pinned = pinned.map(|bytes| Policy::source_rules_of(&bytes, Path::new(policy::FILE_NAME)));
        let pinned = pinned.transpose()?.flatten().unwrap_or_default();
        let at = |path: &str| {
            within(&repository.prefix, path).ok_or_else(|| {
                Failure::new(Kind::Usage, format!("`{path}` lies outside of the repository"))
                    .help("name a path inside, relative to the workspace root")
            })
        };
        let trust = match &options.signers {
            Some(file) => {
                Trust::Outside(Trusted { signers: outside(file)?, openpgp: options.openpgp.clone() })
            }
            None => {
                // What the trusted commit says counts; where it says nothing yet, the policy of today names the file.
                let signers = pinned.signers.as_ref().or(rules.signers.as_ref());
                let signers = signers.map(|signers| at(&signers.value)).transpose()?;
                Trust::Inside { signers, policy: at(policy::FILE_NAME)? }
            }
        };
        let more =
            [&pinned, rules].into_iter().flat_map(|rules| &rules.paths).map(|path| path.value.as_str());
        let given = options.paths.iter().map(String::as_str);
        let mut scope = above(&repository.prefix);
        for path in more.chain(given).chain(["."]) {
            scope.insert(at(path)?);
        }
        // What the team owns may lie in another repository, which is another question.
        let own = policy.own().iter().map(|own| own.value.folder());
        scope.extend(own.filter_map(|folder| within(&repository.prefix, folder)));
        if let Trust::Inside { signers, policy } = &trust {
            scope.extend(signers.iter().chain([policy]).cloned());
        }
        // What lies in a folder that counts anyway needs no look of its own.
        let is_inside = |path: &String, folder: &String| {
            folder.is_empty() || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let all = scope.clone();
        let scope = scope.into_iter().filter(|path| !all.iter().any(|it| it != path && is_inside(path, it)));
        Ok(Self { since, said_by, scope: scope.collect(), trust })
    }

    /// The files that say who may sign.
    pub(super) fn files(&self) -> Vec<String> {
        match &self.trust {
            Trust::Inside { signers, policy } => signers.iter().chain([policy]).cloned().collect(),
            Trust::Outside(_) => vec![],
        }
    }
}

fn outside(file: &Path) -> Result<Signers, Failure> {
    let text = toml::read(file)?;
    Signers::parse(text.as_bytes()).map_err(|error| {
        let mut failure = Failure::new(Kind::Usage, format!("`{}`: {error}", file.display()))
            .help("write lines as in `allowed_signers` of OpenSSH: `PRINCIPALS [OPTIONS] ssh-ed25519 AAAA…`");
        failure.place = Some((file.to_owned(), error.line));
        failure
    })
}

/// What cargo and git read in the folders above the workspace's.
fn above(prefix: &str) -> BTreeSet<String> {
    let names =
        [".cargo", ".gitattributes", ".gitmodules", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];
    let folders = prefix.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
    let folders = folders.map(|at| prefix[..at].rfind('/').map_or("", |end| &prefix[..=end]));
    folders.flat_map(|folder| names.map(|name| format!("{folder}{name}"))).collect()
}

/// The path from the top of the repository of one that is relative to a folder in it.
fn within(prefix: &str, path: &str) -> Option<String> {
    let mut parts = prefix.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_counted_from_the_top_of_the_repository() {
        for (prefix, path, expected) in [
            ("", "allowed_signers", Some("allowed_signers")),
            ("", ".", Some("")),
            ("", "../x", None),
            ("rust/app/", ".", Some("rust/app")),
            ("rust/app/", "../libs", Some("rust/libs")),
            ("rust/app/", "../../keys/./signers", Some("keys/signers")),
            ("rust/app/", "../../..", None),
        ] {
            assert_eq!(within(prefix, path).as_deref(), expected, "{prefix} {path}");
        }
    }

    #[test]
    fn what_cargo_reads_above_the_workspace_belongs_to_it() {
        assert!(above("").is_empty());
        let all = above("rust/app/");
        assert!(
            all.contains(".cargo") && all.contains("rust/.cargo") && all.contains("rust/rust-toolchain.toml")
        );
        assert!(!all.contains("rust/app/.cargo"));
    }
}
