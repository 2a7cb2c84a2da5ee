//! The vetting engine: judges what is known of a package against the team's policy. Pure: it opens no file and asks no
//! clock.
//!
//! What is known is gathered into a [`Dossier`] first. Each check of the one table in [`checks`] looks at it and says
//! what it saw; the [`engine`] gives that the level that the policy sets, and [`waiver`] what people accepted.

pub mod check;
pub mod checks;
pub mod cooldown;
pub mod dossier;
pub mod engine;
pub mod names;
pub mod reference;
pub mod release;
pub mod reviews;
pub mod waiver;

pub use check::{Check, Group, Needs, Observation};
pub use checks::{CHECK_SET, catalogue};
pub use cooldown::Cooldown;
pub use dossier::{Asked, Birth, Dossier, Fault, Previous, Way};
pub use engine::{Ground, Judgment, Open, judge, not_judged};
pub use names::Names;
pub use reviews::{Demand, Demands, Look, Opinion, Proof, Reviews, Standing, before};
