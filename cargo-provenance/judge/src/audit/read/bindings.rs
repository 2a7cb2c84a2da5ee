//! `bindings.toml`.

use std::path::Path;

use provenance_build::signing::sshsig;
use provenance_build::{Checksum, PackageName, TreeDigest};

use super::fields::Fields;
use super::{Reader, Result, quoted};
use crate::audit::bindings::sorted;
use crate::audit::{Binding, Bindings, Bytes};
use crate::model::is_harmful;

/// The format version that is read and written.
const VERSION: i64 = 1;

/// People, criteria or signatures of one review: more than ever sat together over one.
const NAMES: usize = 64;

/// Bytes of one name.
const NAME_BYTES: usize = 1_024;

const DIGEST: &str = "a SHA-256, `sha256:` and 64 hexadecimal digits";
const TREE: &str = "the digest of a tree, `b3:` and 64 hexadecimal digits";

impl Bindings {
    /// Reads a `bindings.toml`; an empty one has none.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let (reader, text) = Reader::of(bytes, file)?;
        let reader =
            Reader { unknown: "correct or remove it, or install a newer cargo-provenance", ..reader };
        let mut root = Fields::root(&reader, reader.table(text)?);
        match root.take("version").map(|value| (value.as_integer(), value.span.start)) {
            Some((Some(VERSION), _)) => {}
            Some((Some(newer), at)) if newer > VERSION => {
                let what = format!("`version` {newer} is not known");
                return Err(reader.fault(at, &what, "install a newer cargo-provenance"));
            }
            Some((_, at)) => {
                return Err(reader.fault(at, "`version` is not a known format", "write `version = 1`"));
            }
            None => return Err(reader.fault(0, "`version` is missing", "begin the file with `version = 1`")),
        }
        let crates = root.tables("bindings", binding)?;
        root.finish()?;
        for (name, entries) in &crates {
            let line = entries.first().map_or(0, |entry| entry.line);
            let fault = |line, what: String, help: &str| super::AuditError::new(file, line, what, help);
            if PackageName::parse(name).is_none() {
                let what = format!("`{}` is not the name of a crate", quoted(name));
                return Err(fault(line, what, "write `[[bindings.CRATE]]`"));
            }
            for (index, entry) in entries.iter().enumerate() {
                if entries[..index].iter().any(|other| other.is_of_same_review(entry)) {
                    let what = format!("a review of `{name}` is bound twice");
                    return Err(fault(entry.line, what, "remove the one that is not right"));
                }
            }
        }
        Ok(Self { crates })
    }
}

fn binding(mut fields: Fields<'_, '_>) -> Result<Binding> {
    let line = fields.line();
    let version = fields.version("version")?;
    let delta = fields.parsed("delta", super::entries::DELTA, super::entries::delta)?;
    let (checksum, tree) = (digest(&mut fields, "checksum")?, tree(&mut fields, "tree")?);
    let to = |version| Bytes { version, checksum, tree };
    let (from, to) = match (version, delta) {
        (Some(version), None) => (None, to(version)),
        (None, Some((version, newer))) => {
            let checksum = digest(&mut fields, "from-checksum")?;
            (Some(Bytes { version, checksum, tree: self::tree(&mut fields, "from-tree")? }), to(newer))
        }
        _ => {
            let what = format!("`{}` has none of `version` and `delta`, or both", quoted(&fields.name));
            return Err(fields.reader.fault(fields.at, &what, "say which one the review is of"));
        }
    };
    let binding = Binding {
        who: names(&mut fields, "who")?,
        criteria: names(&mut fields, "criteria")?,
        from,
        to,
        on: fields.date("on")?,
        notes: digest(&mut fields, "notes")?,
        signatures: signatures(&mut fields)?,
        line,
    };
    fields.finish().map(|()| binding)
}

fn digest(fields: &mut Fields<'_, '_>, key: &str) -> Result<Option<Checksum>> {
    fields.parsed(key, DIGEST, Checksum::parse)
}

fn tree(fields: &mut Fields<'_, '_>, key: &str) -> Result<TreeDigest> {
    let tree = fields.parsed(key, TREE, TreeDigest::parse)?;
    fields.need(tree, key)
}

/// Names that each stand on a line of what is signed.
fn names(fields: &mut Fields<'_, '_>, key: &str) -> Result<Vec<String>> {
    let at = fields.at;
    let names = fields.list(key)?;
    let names = fields.need(names, key)?;
    let fault = |what: String, help: &str| fields.reader.fault(at, &what, help);
    if names.is_empty() || names.len() > NAMES {
        return Err(fault(format!("`{key}` has {} entries", names.len()), "name one, or a few"));
    }
    let is_plain =
        |name: &&String| !name.trim().is_empty() && name.len() <= NAME_BYTES && !name.chars().any(is_harmful);
    if !names.iter().all(|name| is_plain(&name)) {
        let what = format!("`{key}` has an entry that is empty, too long, or not plain text of one line");
        return Err(fault(what, "write it as it stands in `audits.toml`"));
    }
    Ok(sorted(&names))
}

fn signatures(fields: &mut Fields<'_, '_>) -> Result<Vec<String>> {
    let signatures = fields.list("signatures")?.unwrap_or_default();
    let fault = |what: String| {
        let help = "restore it from version control, or remove it and certify again";
        fields.reader.fault(fields.at, &what, help)
    };
    if signatures.len() > NAMES {
        return Err(fault(format!("`signatures` has more than {NAMES} entries")));
    }
    let armored = signatures.iter().map(|text| match sshsig::parse(text) {
        Ok(blocks) => match &blocks[..] {
            [block] => Ok(block.text.clone()),
            _ => Err(fault("an entry of `signatures` is not one signature".to_owned())),
        },
        Err((_, what)) => Err(fault(format!("an entry of `signatures` cannot be read: {}", quoted(&what)))),
    });
    armored.collect()
}
