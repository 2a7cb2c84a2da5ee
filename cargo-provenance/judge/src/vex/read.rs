//! The reader of OpenVEX 0.2.0. A key that is not known is refused: a misspelt `subcomponents` would mute a whole product.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{FILE_BYTES, Identity, Moment, Product, Purl, Statement, Status};

const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

/// Statements and products of one document: a thousand times what large projects publish.
const ENTRIES: usize = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@id")]
    _id: String,
    author: String,
    #[serde(rename = "role")]
    _role: Option<IgnoredAny>,
    timestamp: String,
    last_updated: Option<String>,
    #[serde(rename = "version")]
    _version: u64,
    #[serde(rename = "tooling")]
    _tooling: Option<IgnoredAny>,
    statements: Vec<Said>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "@id")]
    _id: Option<IgnoredAny>,
    #[serde(rename = "version")]
    _version: Option<IgnoredAny>,
    vulnerability: Vulnerability,
    timestamp: Option<String>,
    last_updated: Option<String>,
    #[serde(default)]
    products: Vec<Component>,
    status: String,
    #[serde(rename = "supplier")]
    _supplier: Option<IgnoredAny>,
    status_notes: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    #[serde(rename = "action_statement")]
    _action_statement: Option<IgnoredAny>,
    #[serde(rename = "action_statement_timestamp")]
    _action_statement_timestamp: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vulnerability {
    #[serde(rename = "@id")]
    _id: Option<IgnoredAny>,
    name: String,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Component {
    #[serde(rename = "@id")]
    id: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    subcomponents: Vec<Component>,
}

/// The statements of a document.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Vec<Statement>, String> {
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("has more than {FILE_BYTES} bytes"));
    }
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| format!("is no OpenVEX document: {error}"))?;
    if document.context != CONTEXT {
        return Err(format!("has the context `{}`, and `{CONTEXT}` is what is read", document.context));
    }
    if document.statements.len() > ENTRIES {
        return Err(format!("has more than {ENTRIES} statements"));
    }
    let own = moment(document.last_updated.as_deref().unwrap_or(&document.timestamp))?;
    let author = document.author;
    let statements = document.statements.into_iter().zip(1..);
    let read = statements.map(|(said, number): (_, usize)| {
        statement(said, own, file, &author).map_err(|why| format!("{why} in statement {number}"))
    });
    read.collect()
}

fn statement(said: Said, own: Moment, file: &str, author: &str) -> Result<Statement, String> {
    let Said { vulnerability, timestamp, last_updated, products, status_notes, impact_statement, .. } = said;
    let status = match said.status.as_str() {
        "affected" => Status::Affected,
        "fixed" => Status::Fixed,
        "not_affected" => Status::NotAffected,
        "under_investigation" => Status::UnderInvestigation,
        other => return Err(format!("has the status `{other}`, which there is not,")),
    };
    let justification = said.justification.as_deref().map(justification).transpose()?;
    let told = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let impact = told(impact_statement);
    if status == Status::NotAffected && justification.is_none() && impact.is_none() {
        return Err("says `not_affected` without `justification` or `impact_statement`".to_owned());
    }
    let reasons = justification.map(str::to_owned).into_iter().chain(impact).chain(told(status_notes));
    let since = last_updated.or(timestamp);
    Ok(Statement {
        file: file.to_owned(),
        author: author.to_owned(),
        status,
        reason: reasons.collect::<Vec<_>>().join("; "),
        moment: since.as_deref().map_or(Ok(own), moment)?,
        names: std::iter::once(vulnerability.name).chain(vulnerability.aliases).collect(),
        products: products.into_iter().map(product).collect::<Result<_, _>>()?,
    })
}

fn justification(text: &str) -> Result<&'static str, String> {
    match text {
        "component_not_present" => Ok("the component is not present"),
        "vulnerable_code_not_present" => Ok("the vulnerable code is not present"),
        "vulnerable_code_not_in_execute_path" => Ok("the vulnerable code is never executed"),
        "vulnerable_code_cannot_be_controlled_by_adversary" => {
            Ok("the vulnerable code cannot be controlled by an adversary")
        }
        "inline_mitigations_already_exist" => Ok("inline mitigations already exist"),
        other => Err(format!("has the justification `{other}`, which there is not,")),
    }
}

fn product(component: Component) -> Result<Product, String> {
    let parts = component.subcomponents.iter().map(|part| match part.subcomponents.is_empty() {
        true => Ok(identity(part)),
        false => Err("has subcomponents of subcomponents".to_owned()),
    });
    Ok(Product { parts: parts.collect::<Result<_, _>>()?, this: identity(&component) })
}

/// What is given of a component, as far as it can be compared.
fn identity(component: &Component) -> Identity {
    // An id need not be a package URL; one that is none tells nothing by itself.
    let id = component.id.iter().filter(|id| id.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("pkg:")));
    let named = component.identifiers.iter().map(|(kind, value)| match kind.as_str() {
        "purl" => Purl::parse(value),
        _ => None,
    });
    let mut purls = id.map(|id| Purl::parse(id)).chain(named).collect::<Option<Vec<_>>>();
    let mut sha256 = None;
    for (algorithm, value) in &component.hashes {
        match algorithm.as_str() {
            "sha-256" => sha256 = Some(value.to_ascii_lowercase()),
            _ => purls = None,
        }
    }
    Identity { purls, sha256 }
}

fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| format!("has the time `{text}`, which is none,"))
}
