//! `db bundle`: what `db update` would fetch, in one file for machines that cannot.

use std::collections::BTreeSet;
use std::path::Path;

use crate::collect::advisories::{self, Advisories, Rollback};
use crate::collect::audits::digest;
use crate::collect::bundle::{Bundle, Packing};
use crate::collect::gate;
use crate::collect::sets::{self, Source};
use crate::model::{Network, Surroundings};
use crate::net::Client;
use crate::policy::Origin;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::store;

/// Fetches what the policy names by URLs, and packs it into `file`.
///
/// # Errors
///
/// A policy that is not acceptable, and whatever cannot be fetched: a bundle is whole, or is not made.
pub fn pack(surroundings: &Surroundings, file: &Path, progress: &dyn Progress) -> Result<Report, Failure> {
    let mut report = Report::new("db bundle");
    may_be_written(file)?;
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let mut packing = Packing::default();
    for at in policy.databases() {
        // Offline, what was fetched before is packed.
        if let Origin::Url(url) = &at.value.origin
            && surroundings.network == Network::Allowed
        {
            advisories::refresh(surroundings, url, Rollback::Refused, surroundings.clock, progress)?;
        }
    }
    let found = Advisories::read(surroundings, &policy, &root);
    let mut databases = 0;
    for copy in &found.copies {
        if let Some(fault) = copy.fault().filter(|_| matches!(copy.setting.origin, Origin::Url(_))) {
            return Err(Failure::new(Kind::Undecided, fault).help("run it again with the network"));
        }
        let unreadable = |why| Failure::new(Kind::Undecided, format!("`{}` {why}", copy.name()));
        if let Some((state, files)) = copy.packed().map_err(unreadable)? {
            report.step("Packing", format!("`{}`: {}", copy.name(), plural(files.len(), "file")));
            packing.database(state, files);
            databases += 1;
        }
    }
    let client = Client::new(surroundings)?;
    let imports = super::fetched(&policy, &[])?;
    let urls = imports.iter().flat_map(|(_, import)| &import.urls).collect::<BTreeSet<_>>();
    for url in &urls {
        progress.status("Fetching", &format!("`{url}`"));
        for (url, part) in sets::parts(Source::Web(&client), std::slice::from_ref(*url))? {
            report.step("Packing", format!("`{url}`: {}", plural(part.bytes.len(), "byte")));
            packing.set(&url, part.bytes);
        }
    }
    let bytes = packing.finish().map_err(|error| {
        Failure::new(Kind::Undecided, "the bundle could not be put together").caused_by(&error)
    })?;
    // What cannot be read again is of no use to anybody.
    let sha256 = digest(&bytes);
    let bundle = Bundle::parse(bytes.clone()).map_err(|why| Failure::new(Kind::Bug, why))?;
    debug_assert_eq!(bundle.sha256(), sha256);
    store::write_atomic(file, &bytes)?;
    report.count("databases", databases);
    report.count("sets", urls.len());
    let what = format!("{} and {}", plural(databases, "database"), plural(urls.len(), "set"));
    report.conclusion = format!("packed {what} into `{}`, SHA-256 {}", file.display(), sha256.hex());
    Ok(report)
}

/// Refuses to write over what is no bundle: it may be anything, and is likely to be meant for something else.
fn may_be_written(file: &Path) -> Result<(), Failure> {
    match file.symlink_metadata().ok().map(|_| Bundle::read(file)) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(why)) => {
            let name = file.file_name().unwrap_or(file.as_os_str()).display();
            let what = format!("`{name}` is there, and is no bundle: {why}");
            Err(Failure::new(Kind::Usage, what).help("name another file: nothing of this one was changed"))
        }
    }
}

/// Opens a bundle, and tells which one it is.
pub(super) fn open(file: &Path, report: &mut Report) -> Result<Bundle, Failure> {
    let bundle = Bundle::read(file).map_err(|why| {
        Failure::new(Kind::Undecided, format!("`{}` is no bundle: {why}", file.display()))
            .help("make one with `cargo provenance db bundle --output FILE` where there is a network")
    })?;
    report.step("Bundle", format!("`{}`, SHA-256 {}", file.display(), bundle.sha256().hex()));
    Ok(bundle)
}
