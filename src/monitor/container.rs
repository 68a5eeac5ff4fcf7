//! A container: Docker is asked over its socket, or its control group is read.

mod cgroup;
mod docker;
mod usage;

use std::path::{Path, PathBuf};

use cgroup::Cgroup;
use docker::Docker;

use super::gaps::Look;
use super::watch::{Files, beside};
use crate::plan::ContainerMonitor;
use crate::units::Nanos;

/// Where Docker listens.
const SOCKET: &str = "/var/run/docker.sock";

/// A container, and the way by which it is read.
#[derive(Debug)]
pub(super) struct Container {
    monitor: ContainerMonitor,
    /// Found at the first look that finds any, and kept from then on.
    way: Option<Way>,
}

#[derive(Debug)]
enum Way {
    Docker(Docker),
    Cgroup(Option<Box<dyn Files>>),
}

impl Container {
    pub(super) fn new(monitor: ContainerMonitor) -> Self {
        Self { monitor, way: None }
    }

    pub(super) async fn look(&mut self, now: Nanos) -> Result<Look, String> {
        let way = match &mut self.way {
            Some(way) => way,
            none => none.insert(find(&self.monitor)?),
        };
        let look = match way {
            Way::Docker(docker) => docker.look(now).await,
            Way::Cgroup(files) => beside(files, now).await,
        };
        // A container that is made anew has another control group.
        if look.is_err() && self.monitor.cgroup.is_none() && matches!(way, Way::Cgroup(_)) {
            self.way = None;
        }
        look
    }
}

/// The way to a container: its control group when that is named, else Docker when it is there, else
/// the only control group whose name has the container's in it.
fn find(monitor: &ContainerMonitor) -> Result<Way, String> {
    let group = |path: PathBuf| Way::Cgroup(Some(Box::new(Cgroup::new(path))));
    if let Some(path) = &monitor.cgroup {
        // An absolute path stays what it is.
        return Ok(group(Path::new(cgroup::ROOT).join(path)));
    }
    let socket = monitor.socket.as_deref().unwrap_or(SOCKET);
    if monitor.socket.is_some() || Path::new(socket).exists() {
        return Docker::new(Path::new(socket), &monitor.name).map(Way::Docker);
    }
    match cgroup::find(Path::new(cgroup::ROOT), &monitor.name).as_slice() {
        [only] => Ok(group(only.clone())),
        [] => Err(format!(
            "there is no `{SOCKET}` and no control group of `{}`; name one of them as `socket` or \
             `cgroup`",
            monitor.name
        )),
        several => Err(format!(
            "{} control groups have `{}` in their name; name one as `cgroup`",
            several.len(),
            monitor.name
        )),
    }
}
