//! What `Provenance.lock` says of packages, as facts of their components.

use provenance_build::manifest::{Acceptance, Pin};

use crate::sbom::{Component, text};

/// Enters why a package is trusted.
pub(super) fn enter(component: &mut Component, pin: &Pin) {
    component.fact("trust-basis", pin.trust.basis.as_str());
    if let Some(criteria) = &pin.trust.criteria {
        component.fact("trust-criteria", text::line(criteria));
    }
    for name in &pin.trust.from {
        component.fact("trust-from", text::line(name));
    }
    component.fact("tree", pin.tree.to_string());
    if let Some(advisories) = pin.vetted.as_ref().and_then(|vetted| vetted.advisories.as_ref()) {
        component.fact("vetted-with-advisories-of", text::line(advisories));
    }
    if let Some(repository) = &pin.repository {
        component.fact("same-files-as", text::line(&text::without_password(repository)));
    }
    for Acceptance { check, id, by, on, reason } in &pin.accepted {
        let id = id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        component.fact("accepted", text::line(&format!("{check}{id} by {by} on {on}: {reason}")));
    }
    for finding in &pin.baseline {
        component.fact("baseline", text::line(finding));
    }
}
