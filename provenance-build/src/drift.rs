//! Every way in which the manifest, `Cargo.lock`, the configuration and the sources on disk can disagree.

use std::fmt;
use std::path::PathBuf;

use crate::config::Setting;
use crate::digest::{Checksum, TreeDigest};
use crate::name::PackageId;
use crate::tree::Unacceptable;

/// One disagreement. Ordered as it is reported: what can run code first, what only grew stale last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Drift {
    /// A cargo setting that can run or swap code is in force and not recorded, or has another value.
    Setting {
        /// The setting as found.
        found: Setting,
        /// The recorded value, if there is one.
        recorded: Option<String>,
    },
    /// A recorded cargo setting is no longer there.
    SettingGone {
        /// The recorded key.
        key: String,
    },
    /// `Cargo.lock` names a third-party package that has no pin.
    Unpinned {
        /// The package.
        id: PackageId,
        /// Its line in `Cargo.lock`.
        lock_line: u32,
    },
    /// `Cargo.lock` and the pin name different archives.
    Checksum {
        /// The package.
        id: PackageId,
        /// What the manifest pins.
        pinned: Checksum,
        /// What `Cargo.lock` says.
        locked: Checksum,
        /// Its line in `Cargo.lock`.
        lock_line: u32,
        /// Its line in the manifest.
        pin_line: u32,
    },
    /// The sources on disk are not the pinned ones.
    Tree {
        /// The package.
        id: PackageId,
        /// What the manifest pins.
        pinned: TreeDigest,
        /// What lies on disk, or something in it that no package of its kind can hold.
        found: Result<TreeDigest, Unacceptable>,
        /// Where it lies.
        directory: PathBuf,
        /// Its line in `Cargo.lock`.
        lock_line: u32,
        /// Its line in the manifest.
        pin_line: u32,
    },
    /// A cached archive that cargo would unpack without looking is not the pinned one.
    Archive {
        /// The package.
        id: PackageId,
        /// What the manifest pins.
        pinned: Checksum,
        /// What the file has.
        found: Checksum,
        /// The archive.
        file: PathBuf,
        /// Its line in the manifest.
        pin_line: u32,
    },
    /// A listed member is not where the manifest says.
    Member {
        /// The member's name.
        name: String,
        /// Its manifest file.
        file: PathBuf,
        /// What is wrong: a lowercase fragment.
        what: String,
    },
    /// A dependency, patch or replacement leads to a directory other than the listed one.
    Detour {
        /// The name of the package that is asked for.
        name: String,
        /// The `Cargo.toml` that asks for it.
        file: PathBuf,
        /// What is wrong: a lowercase fragment.
        what: String,
    },
    /// `Cargo.lock` names another package like a member: it would pass for the team's own.
    Twin {
        /// The name that both bear.
        name: String,
        /// Their versions.
        versions: Vec<String>,
    },
    /// `Cargo.lock` does not follow a member's manifest: the next build will write another.
    Stale {
        /// The member.
        member: String,
        /// The package that it asks for.
        name: String,
        /// The member's manifest file.
        file: PathBuf,
    },
    /// The manifest's last day is over.
    Expired {
        /// That day.
        on: String,
    },
    /// The manifest was written under another policy.
    Policy {
        /// The policy that the manifest was written under.
        pinned: Checksum,
        /// The policy as it is.
        found: Checksum,
    },
    /// A pin or member that `Cargo.lock` does not name any more.
    Unused {
        /// `name v1.2.3`, or a member's name.
        what: String,
        /// Its line in the manifest; 0 where unknown.
        pin_line: u32,
    },
}

impl Drift {
    /// A stable id in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting { .. } => "cargo-setting",
            Self::SettingGone { .. } => "cargo-setting-gone",
            Self::Unpinned { .. } => "not-pinned",
            Self::Checksum { .. } => "checksum-differs",
            Self::Tree { found: Ok(_), .. } => "source-differs",
            Self::Tree { found: Err(_), .. } => "source-unacceptable",
            Self::Archive { .. } => "archive-differs",
            Self::Member { .. } => "member-moved",
            Self::Detour { .. } => "path-detour",
            Self::Twin { .. } => "member-twin",
            Self::Stale { .. } => "lock-stale",
            Self::Expired { .. } => "manifest-expired",
            Self::Policy { .. } => "policy-changed",
            Self::Unused { .. } => "pin-unused",
        }
    }

    /// The package it is about.
    pub fn package(&self) -> Option<&PackageId> {
        match self {
            Self::Unpinned { id, .. }
            | Self::Checksum { id, .. }
            | Self::Tree { id, .. }
            | Self::Archive { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether a plain build fails for it. What cannot change the bytes that get compiled (a pin that is no longer
    /// used, a recorded setting that went away, a policy that was edited) fails `verify` only.
    pub fn refuses_build(&self) -> bool {
        !matches!(self, Self::Unused { .. } | Self::SettingGone { .. } | Self::Policy { .. })
    }

    /// What else there is to know, a line each: pinned and found digests with their places.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Setting { found, recorded } => vec![
                format!("recorded {}", recorded.as_deref().unwrap_or("nothing")),
                format!("in force {} ({}:{})", found.value, found.file.display(), found.line),
            ],
            Self::Expired { .. } | Self::SettingGone { .. } | Self::Unused { .. } => vec![],
            Self::Twin { versions, .. } => vec![format!("locked without a source: {}", versions.join(", "))],
            Self::Unpinned { id, lock_line } => {
                let source = id.source.as_ref().map_or("a path", |source| source.as_str());
                vec![format!("locked from {source} (Cargo.lock:{lock_line})")]
            }
            Self::Checksum { pinned, locked, lock_line, pin_line, .. } => vec![
                format!("pinned {pinned} (Provenance.lock:{pin_line})"),
                format!("locked {locked} (Cargo.lock:{lock_line})"),
            ],
            Self::Tree { pinned, found, directory, lock_line, pin_line, .. } => {
                let found = match found {
                    Ok(found) => found.to_string(),
                    Err(fault) => format!("`{}`", fault.path),
                };
                vec![
                    format!("pinned {pinned} (Provenance.lock:{pin_line})"),
                    format!("found  {found} in {} (Cargo.lock:{lock_line})", directory.display()),
                ]
            }
            Self::Archive { pinned, found, file, pin_line, .. } => vec![
                format!("pinned {pinned} (Provenance.lock:{pin_line})"),
                format!("found  {found} in {}", file.display()),
            ],
            Self::Member { file, .. } | Self::Detour { file, .. } | Self::Stale { file, .. } => {
                vec![format!("in {}", file.display())]
            }
            Self::Policy { pinned, found } => {
                vec![
                    format!("pinned {pinned} (Provenance.lock)"),
                    format!("found  {found} (Provenance.toml)"),
                ]
            }
        }
    }

    /// What to do next, with the exact command.
    pub fn help(&self) -> String {
        let help = match self {
            Self::Setting { .. } => {
                "remove the setting, or run `cargo provenance pin` to record it after review"
            }
            Self::SettingGone { .. } | Self::Unused { .. } => {
                "run `cargo provenance pin` to bring the manifest up to date"
            }
            Self::Unpinned { .. } | Self::Checksum { .. } => {
                "run `cargo provenance pin` to prove and pin what `Cargo.lock` names, or restore `Cargo.lock`"
            }
            Self::Tree { id, .. } if id.source.is_none() => {
                "compare it with your version control; if the change is meant, run `cargo provenance pin`"
            }
            Self::Tree { id, .. } => {
                let repair = "`cargo provenance verify --repair` to restore it";
                return format!("run `cargo provenance diff {}` to see what changed, {repair}", id.name);
            }
            Self::Archive { file, .. } => {
                return format!("delete `{}`: cargo downloads it again and checks it", file.display());
            }
            Self::Member { .. } | Self::Detour { .. } => {
                "undo the move, or run `cargo provenance pin` to list it after review"
            }
            Self::Twin { .. } => "rename one of them: only a package of another name can be listed or pinned",
            Self::Stale { .. } => "run `cargo fetch`, then `cargo provenance pin`",
            Self::Expired { .. } => "review it, then run `cargo provenance sign --expires YYYY-MM-DD`",
            Self::Policy { .. } => "run `cargo provenance pin` to write the manifest under this policy",
        };
        help.to_owned()
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { found, recorded: None } => {
                write!(f, "cargo setting `{}` is in force and not recorded", found.key)
            }
            Self::Setting { found, recorded: Some(_) } => {
                write!(f, "cargo setting `{}` differs from the manifest", found.key)
            }
            Self::SettingGone { key } => write!(f, "recorded cargo setting `{key}` is gone"),
            Self::Unpinned { id, .. } => write!(f, "`{}` is not pinned", id.short()),
            Self::Checksum { id, .. } => {
                write!(f, "`{}` is locked to another archive than the pinned one", id.short())
            }
            Self::Tree { id, found: Ok(_), .. } => write!(f, "`{}` differs from the manifest", id.short()),
            Self::Tree { id, found: Err(fault), .. } => {
                write!(f, "`{}` holds `{}`: {}", id.short(), fault.path, fault.what)
            }
            Self::Archive { id, .. } => {
                write!(f, "the cached archive of `{}` differs from the manifest", id.short())
            }
            Self::Member { name, what, .. } => write!(f, "member `{name}`: {what}"),
            Self::Detour { name, what, .. } => write!(f, "`{name}`: {what}"),
            Self::Twin { name, .. } => write!(f, "a path package bears the name of member `{name}`"),
            Self::Stale { member, name, .. } => {
                write!(f, "`{member}` asks for `{name}` in a way that `Cargo.lock` does not know")
            }
            Self::Expired { on } => write!(f, "the manifest expired on {on}"),
            Self::Policy { .. } => f.write_str("the manifest was written under another policy"),
            Self::Unused { what, .. } => write!(f, "`{what}` is pinned and no longer locked"),
        }
    }
}
