//! Reviews: the `supply-chain/` folder beside the policy, and the sets that the policy imports.

mod publishers;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use provenance_build::Checksum;
use sha2::{Digest as _, Sha256};

use crate::audit::{Criteria, FILE_BYTES, Import, Published, Store, translate};
use crate::model::{Clock, Date, Evidence};
use crate::policy::{AuditImport, Policy};
use crate::vet::Reviews;
use crate::vet::reviews::selected;

pub use publishers::{FILE as PUBLISHERS, publications};

/// The folder of a store, beside the policy.
pub const FOLDER: &str = "supply-chain";

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

/// The files of a store; why they cannot be read, if so.
pub fn files(root: &Path) -> Result<Files, String> {
    let folder = root.join(FOLDER);
    let read = |name| bytes(&folder.join(name), &format!("{FOLDER}/{name}"));
    let [config, audits, imports] = FILES;
    Ok([(config, read(config)?), (audits, read(audits)?), (imports, read(imports)?)])
}

/// The store of a workspace, if there is one; why it cannot be read, if so.
pub fn store(root: &Path) -> Result<Option<Store>, String> {
    let [(_, config), (_, audits), (_, imports)] = files(root)?;
    if config.is_none() && audits.is_none() && imports.is_none() {
        return Ok(None);
    }
    let [Some(config), Some(audits)] = [config, audits] else {
        return Err(format!("`{FOLDER}/` has one of `config.toml` and `audits.toml` only"));
    };
    let store = Store::read(Path::new(FOLDER), &config, &audits, &imports.unwrap_or_default());
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
    let mut store = found.unwrap_or_else(|| Store { folder: FOLDER.into(), ..Store::default() });
    let criteria = Criteria::of(&store.audits.criteria);
    let criteria = criteria.map_err(|error| format!("{FOLDER}/audits.toml: {error}"))?;
    let mut files = BTreeMap::new();
    for at in policy.audits().into_iter().flat_map(|rules| &rules.imports) {
        let import = &at.value;
        let spot = policy.spot(at.line);
        if store.config.imports.contains_key(&import.name) {
            let name = &import.name;
            return Err(format!("`{name}` is imported in `{FOLDER}/config.toml` and in the policy ({spot})"));
        }
        let published = published(import, root, today, notes).map_err(|why| format!("{why} ({spot})"))?;
        for names in import.criteria_map.values() {
            if let Err(unknown) = criteria.set(names) {
                return Err(format!("`{unknown}` in `criteria-map` is no criterion of `{FOLDER}/` ({spot})"));
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
    publishers::join(&mut store, publications(root)?.1);
    let reviews = Reviews::new(store, policy.audits(), files, today)?;
    notes.extend(reviews.contradictions().iter().map(|it| {
        format!("who published `{it}`: `{FOLDER}/imports.lock` and `{PUBLISHERS}` contradict themselves or each other")
    }));
    Ok(reviews)
}

fn published(
    import: &AuditImport,
    root: &Path,
    today: Date,
    notes: &mut Vec<String>,
) -> Result<Published, String> {
    let AuditImport { name, path, .. } = import;
    if let (Some(date), Some(max_age)) = (import.date, import.max_age) {
        let days = u64::try_from(today.days_since(date)).unwrap_or_default();
        if days.saturating_mul(24 * 3_600) > max_age.seconds {
            return Err(format!("the audits of `{name}` are of {date}, and may be {max_age} old"));
        }
    }
    let found = bytes(&root.join(path), path)?;
    let found =
        found.ok_or_else(|| format!("the audits of `{name}` are missing: there is no file `{path}`"))?;
    let digest = Checksum::from_bytes(Sha256::digest(&found).into());
    if digest != import.sha256 {
        return Err(format!(
            "`{path}` is not what was imported as `{name}`: its SHA-256 is {}",
            digest.hex()
        ));
    }
    let published = Published::read(&found, Path::new(path)).map_err(|error| error.to_string())?;
    if let Some(first) = published.losses.first() {
        let more = match published.losses.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        notes.push(format!("entries of `{name}` that cannot be read: {}{more}", first.error));
    }
    Ok(published)
}

/// The bytes of a regular file; nothing where there is none.
fn bytes(file: &Path, shown: &str) -> Result<Option<Vec<u8>>, String> {
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
