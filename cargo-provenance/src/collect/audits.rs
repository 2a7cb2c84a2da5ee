//! Reviews: the `supply-chain/` folder beside the policy, and the sets that the policy imports.

mod crev;
mod publishers;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use provenance_build::signing::Fingerprint;
use provenance_build::{Checksum, Moment};
use sha2::{Digest as _, Sha256};

use super::vet_store;
use crate::audit::{BINDINGS, Bindings, Criteria, FILE_BYTES, Import, Published, Store, translate};
use crate::model::{Clock, Date, Evidence};
use crate::policy::{AuditImport, Policy};
use crate::vet::Reviews;
use crate::vet::reviews::{selected, translated, unmatched};

pub use publishers::{FILE as PUBLISHERS, join, publications};

/// The files of a store.
const FILES: [&str; 3] = ["config.toml", "audits.toml", "imports.lock"];

/// The reviews of a workspace, and what a person should know of them, a line each. `Absent` where neither the policy nor
/// `supply-chain/` speaks of any. What cannot be read whole decides nothing, but for single entries of somebody else's set.
pub fn read(policy: &Policy, root: &Path, now: Clock) -> (Evidence<Reviews>, Vec<String>) {
    let mut notes = vec![];
    let found = match store(root) {
        Ok(found) => found,
        Err(why) => return (Evidence::Unavailable(why), notes),
    };
    if found.is_none() && policy.audits().is_none() {
        return (Evidence::Absent, notes);
    }
    let reviews = assemble(found, policy, root, now, &mut notes);
    (reviews.map_or_else(Evidence::Unavailable, Evidence::Known), notes)
}

/// The files of a store, each by its name with its bytes, where it is there.
pub type Files = [(&'static str, Option<Vec<u8>>); 3];

/// The files of the store in the folder `folder` of a workspace; why they cannot be read, if so.
pub fn files(root: &Path, folder: &str) -> Result<Files, String> {
    let read = |name| bytes(&root.join(folder).join(name), &format!("{folder}/{name}"));
    let [config, audits, imports] = FILES;
    Ok([(config, read(config)?), (audits, read(audits)?), (imports, read(imports)?)])
}

/// The store of a workspace, if there is one; why it cannot be read, if so.
pub fn store(root: &Path) -> Result<Option<Store>, String> {
    let folder = &vet_store::folder(root)?;
    let [(_, config), (_, audits), (_, imports)] = files(root, folder)?;
    if config.is_none() && audits.is_none() && imports.is_none() {
        return Ok(None);
    }
    let [Some(config), Some(audits)] = [config, audits] else {
        return Err(format!("`{folder}/` has one of `config.toml` and `audits.toml` only"));
    };
    let store = Store::read(Path::new(folder), &config, &audits, &imports.unwrap_or_default());
    store.map(Some).map_err(|error| error.to_string())
}

fn assemble(
    found: Option<Store>,
    policy: &Policy,
    root: &Path,
    now: Clock,
    notes: &mut Vec<String>,
) -> Result<Reviews, String> {
    let today = Date::of_seconds(now.0);
    let folder = &vet_store::folder(root)?;
    let mut store = found.unwrap_or_else(|| Store { folder: folder.into(), ..Store::default() });
    let criteria = Criteria::of(&store.audits.criteria);
    let criteria = criteria.map_err(|error| format!("{folder}/audits.toml: {error}"))?;
    let mut files = BTreeMap::new();
    for at in policy.audits().into_iter().flat_map(|rules| &rules.imports) {
        let import = &at.value;
        let spot = policy.spot(at.line);
        if store.config.imports.contains_key(&import.name) {
            let name = &import.name;
            return Err(format!("`{name}` is imported in `{folder}/config.toml` and in the policy ({spot})"));
        }
        let published = published(import, root, today, notes).map_err(|why| format!("{why} ({spot})"))?;
        for names in import.criteria_map.values() {
            if let Err(unknown) = criteria.set(names) {
                return Err(format!("`{unknown}` in `criteria-map` is no criterion of `{folder}/` ({spot})"));
            }
        }
        let meaning = Import {
            exclude: import.exclude.clone(),
            criteria_map: import.criteria_map.clone(),
            ..Import::default()
        };
        let set = translate(&selected(published, import), &meaning, &criteria);
        store.config.imports.insert(import.name.clone(), meaning);
        store.imports.sets.insert(import.name.clone(), set);
        files.insert(import.name.clone(), import.path.clone());
    }
    let mut signed = BTreeMap::new();
    for at in policy.audits().into_iter().flat_map(|rules| &rules.crev) {
        let (reviewer, spot) = (&at.value, policy.spot(at.line));
        let name = &reviewer.name;
        if store.config.imports.contains_key(name) {
            return Err(format!("`{name}` is the name of an import and of a reviewer ({spot})"));
        }
        if let Err(unknown) = criteria.set(&reviewer.criteria) {
            return Err(format!(
                "`{unknown}` in `[audits.crev.{name}]` is no criterion of `{folder}/` ({spot})"
            ));
        }
        let proofs = crev::read(reviewer, root, notes).map_err(|why| format!("{why} ({spot})"))?;
        let (set, beside) = translated(proofs, reviewer, &criteria);
        store.config.imports.insert(name.clone(), Import::default());
        store.imports.sets.insert(name.clone(), set);
        files.insert(name.clone(), reviewer.path.clone());
        signed.insert(name.clone(), beside);
    }
    publishers::join(&mut store, publications(root, folder)?.1);
    let reviews = Reviews::new(store, policy.audits(), files, today)?.signed(signed);
    let bindings = bindings(root, folder)?.map(|(_, bindings)| bindings).unwrap_or_default();
    let (reviews, astray) = reviews.bound(bindings, revoked(policy, now));
    if let Some(first) = astray.first() {
        let more = match astray.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        notes.push(format!("bindings that belong to no review of `{folder}/audits.toml`: {first}{more}"));
    }
    notes.extend(reviews.contradictions().iter().map(|it| {
        format!("who published `{it}`: `{folder}/imports.lock` and `{PUBLISHERS}` contradict themselves or each other")
    }));
    Ok(reviews)
}

/// The keys that sign nothing any more by a policy: one that signs no manifest signs no review either, from the day on.
pub fn revoked(policy: &Policy, now: Clock) -> Vec<Fingerprint> {
    let now = Moment(now.0);
    let revoked = policy.signing().revoked.iter().filter(|it| it.since.is_none_or(|since| now >= since));
    revoked.map(|it| it.key).collect()
}

/// Which bytes the reviews of a workspace are of, and the bytes of that file; nothing where there is none. Why it cannot be read,
/// if so.
pub fn bindings(root: &Path, folder: &str) -> Result<Option<(Vec<u8>, Bindings)>, String> {
    let shown = format!("{folder}/{BINDINGS}");
    let Some(bytes) = bytes(&root.join(&shown), &shown)? else { return Ok(None) };
    let bindings = Bindings::read(&bytes, Path::new(&shown)).map_err(|error| error.to_string())?;
    Ok(Some((bytes, bindings)))
}

/// What an import says, where its copy is the pinned one and not too old.
///
/// # Errors
///
/// Why it says nothing, a fragment.
pub fn published(
    import: &AuditImport,
    root: &Path,
    today: Date,
    notes: &mut Vec<String>,
) -> Result<Published, String> {
    let AuditImport { name, path, .. } = import;
    if let (Some(date), Some(max_age)) = (import.date, import.max_age) {
        let days = today.days_since(date);
        let renew = if import.urls.is_empty() {
            "put a newer copy in its place".to_owned()
        } else {
            format!("run `cargo provenance db update {name}`")
        };
        // A day is the difference between two clocks of this world; what is dated further ahead would never grow old.
        if days < -1 {
            return Err(format!("the audits of `{name}` are of {date}, which is still to come: {renew}"));
        }
        let days = u64::try_from(days).unwrap_or_default();
        if days.saturating_mul(24 * 3_600) > max_age.seconds {
            return Err(format!("the audits of `{name}` are of {date}, and may be {max_age} old: {renew}"));
        }
    }
    let found = pinned(import, root)?;
    let published = Published::read(&found, Path::new(path)).map_err(|error| error.to_string())?;
    if let Some(first) = published.losses.first() {
        let more = match published.losses.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        notes.push(format!("entries of `{name}` that cannot be read: {}{more}", first.error));
    }
    notes.extend(unmatched(&published, import));
    Ok(published)
}

/// The bytes of an import's copy, which are those that the policy pins.
///
/// # Errors
///
/// Why they are not, a fragment.
pub fn pinned(import: &AuditImport, root: &Path) -> Result<Vec<u8>, String> {
    let AuditImport { name, path, .. } = import;
    let expected = import.sha256.ok_or_else(|| {
        format!("the audits of `{name}` were never fetched: run `cargo provenance db update`")
    })?;
    let found = bytes(&root.join(path), path)?;
    let found =
        found.ok_or_else(|| format!("the audits of `{name}` are missing: there is no file `{path}`"))?;
    let digest = digest(&found);
    match digest == expected {
        true => Ok(found),
        false => {
            Err(format!("`{path}` is not what was imported as `{name}`: its SHA-256 is {}", digest.hex()))
        }
    }
}

/// The digest that a policy pins a copy by.
pub fn digest(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}

/// The bytes of a regular file; nothing where there is none.
pub fn bytes(file: &Path, shown: &str) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: io::Error| format!("`{shown}` cannot be read: {error}");
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(format!("`{shown}` is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = vec![];
    let limit = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    match bytes.len() > FILE_BYTES {
        true => Err(format!("`{shown}` has more than {FILE_BYTES} bytes")),
        false => Ok(Some(bytes)),
    }
}
