//! The bill of a workspace: what a build of the selected packages draws from, by cargo's own resolution of the lockfile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId as Id, TargetKind};
use provenance_build::locate::{self, Located};
use provenance_build::manifest::{self, Origin, Pin};
use provenance_build::tree::Layout;
use provenance_build::verify::ObservedTree;
use provenance_build::{LockedPackage, Manifest};

use super::deliverable::{self, Deliverable};
use super::describe::{self, Place};
use super::patches::{self, Patch};
use super::selection::{Selection as _, roots};
use super::{Selection, archives, pinned};
use crate::cargo::{CargoCommand, Resolution, Workspace};
use crate::collect::gate::{self, Gate};
use crate::collect::situation::{Situation, resolved};
use crate::model::{Clock, Network, Surroundings};
use crate::ops::proving;
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::sbom::{
    Ancestor, Bill, Component, Context, Kind as ComponentKind, Need, Pedigree, Purpose, Scope, Target, purl, text,
};
