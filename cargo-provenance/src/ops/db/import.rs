//! `db import`: a set of somebody else that was not imported before.

use std::path::Path;

use provenance_build::toml;

use super::sets::{Consent, Ground, Update, differences, is_agreed, write};
use crate::audit::{FILE_BYTES, Published};
use crate::collect::audits::{self, digest};
use crate::collect::gate;
use crate::collect::sets::{Fetched, Source, fetch, whole};
use crate::model::{Surroundings, WebAddress};
use crate::net::Client;
use crate::policy::{self, AuditImport, Policy, with_import};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report};

/// What `db import` is to do.
#[derive(Clone, Copy)]
pub struct Add<'a> {
    /// What the set is to be called.
    pub name: &'a str,
    /// Addresses, or one file of this machine.
    pub from: &'a [String],
    /// Whether it is taken over.
    pub consent: Consent<'a>,
}

/// Shows what a set vouches for, and takes it over.
///
/// # Errors
///
/// A policy that is not acceptable or not there, a name that is taken, a set that cannot be fetched.
pub fn add(
    surroundings: &Surroundings,
    options: &Add<'_>,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("db import");
    let (root, _) = gate::policy_in_force(surroundings)?;
    let file = root.join(policy::FILE_NAME);
    let policy = gate::read_policy(&root)?;
    let usage = |what: String, help: &str| Failure::new(Kind::Usage, what).help(help.to_owned());
    let name = options.name;
    let imports = policy.audits().into_iter().flat_map(|rules| &rules.imports);
    if let Some(at) = imports.clone().find(|at| at.value.name == name) {
        let help = match at.value.urls.is_empty() {
            true => {
                format!("for another copy, take `[audits.import.{name}]` and `{}` away first", at.value.path)
            }
            false => format!("run `cargo provenance db update {name}`"),
        };
        return Err(usage(format!("`{name}` is imported already"), &help));
    }
    let text = toml::read(&file)?;
    refuse_to_hide(&policy, &text)?;
    let urls = addresses(options.from)?;
    // The shape that it would have is judged before anything is fetched.
    let today = super::Date::of_seconds(surroundings.clock.0);
    let import = imported(&with_import(&text, name, &urls, &digest(b""), today), &root, name)?;
    if root.join(&import.path).symlink_metadata().is_ok() {
        return Err(usage(
            format!("there is a file `{}` already", import.path),
            "move it away, or choose another name",
        ));
    }
    progress.status("Fetching", &format!("the audits of `{name}`"));
    let Fetched { bytes, published } = match (&urls[..], options.from) {
        ([], [path]) => whole(local(surroundings, path)?, path)?,
        _ => fetch(Source::Web(&Client::new(surroundings)?), &urls)?,
    };
    let ground = Ground::of(&root, surroundings, false)?;
    let findings = differences(&ground, &import, (&Published::default(), &published));
    let update = Update { name: name.to_owned(), path: import.path.clone(), old: None, new: bytes };
    let agreed = is_agreed(&update, &findings, options.consent);
    if !matches!(options.consent, Consent::Asked(_)) {
        report.findings.extend(findings);
    }
    if !agreed {
        report.conclusion = match options.consent {
            Consent::Silent => format!("nothing of `{name}` was taken over: `--yes` does that"),
            _ => format!("nothing of `{name}` was taken over"),
        };
        if matches!(options.consent, Consent::Asked(_)) {
            report.outcome = Outcome::Refused;
        }
        return Ok(report);
    }
    let mut report = write(report, &ground, vec![update], |text, update| {
        Ok(with_import(text, name, &urls, &digest(&update.new), today))
    })?;
    report.conclusion =
        format!("took over the audits of `{name}`: run `cargo provenance pin`, and commit them");
    Ok(report)
}

/// Where a base policy speaks of audits, a table in the workspace's own would take the place of all that.
fn refuse_to_hide(policy: &Policy, text: &str) -> Result<(), Failure> {
    let own = text.parse::<toml_edit::DocumentMut>().is_ok_and(|own| own.contains_key("audits"));
    match policy.audits().is_some() && !own {
        false => Ok(()),
        true => Err(Failure::new(Kind::Usage, "the policy that is extended says whose audits count").help(
            "import the set there; `[audits]` in `Provenance.toml` would take the place of all it says",
        )),
    }
}

/// Addresses where there are any; a single path is none.
fn addresses(from: &[String]) -> Result<Vec<WebAddress>, Failure> {
    if let [path] = from
        && !path.contains("://")
    {
        return Ok(vec![]);
    }
    let address = |text: &String| {
        WebAddress::parse(text).map_err(|error| {
            let shown = text.rsplit('@').next().unwrap_or_default();
            Failure::new(Kind::Usage, format!("`{shown}` {error}"))
                .help("name `https://` addresses, or one file")
        })
    };
    from.iter().map(address).collect()
}

fn local(surroundings: &Surroundings, path: &str) -> Result<Vec<u8>, Failure> {
    let failed =
        |why: String| Failure::new(Kind::Usage, why).help("name a set of audits in cargo-vet's format");
    let found = audits::bytes(&surroundings.directory.join(path), path).map_err(failed)?;
    found.ok_or_else(|| {
        failed(format!("there is no file `{path}`; at most {FILE_BYTES} bytes are read of one"))
    })
}

/// The import as the policy would have it.
fn imported(text: &str, root: &Path, name: &str) -> Result<AuditImport, Failure> {
    let policy = gate::parse_policy(text, root).map_err(|error| {
        Failure::new(Kind::Usage, format!("`{name}` cannot be added at the end of `{}`", policy::FILE_NAME))
            .caused_by(&error)
            .help("a name has letters, digits, `-`, `_` and `.`; write `[audits]` as a table with a header")
    })?;
    let mut imports = policy.audits().into_iter().flat_map(|rules| &rules.imports);
    let found = imports.find(|at| at.value.name == name).map(|at| at.value.clone());
    found.ok_or_else(|| Failure::new(Kind::Bug, format!("`{name}` was added and is not there")))
}
