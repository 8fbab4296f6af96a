//! Letting connections in: one at the door at most, and inside as many as there are places; calm when the system has
//! no more descriptors.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::web::listen::{Limits, line::Line};

/// Pause after a failed accept.
const BACK_OFF: Duration = Duration::from_millis(100);
/// Connections that the system holds for us before they are accepted.
const QUEUE: i32 = 1024;
/// Pause between looks for somebody who can make room.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Accepts connections from a listener.
pub(super) struct Door {
    listener: tokio::net::TcpListener,
    permits: Arc<Semaphore>,
    hall: Arc<Hall>,
    limits: Limits,
    failures: AtomicU64,
}

/// An accepted connection.
pub(super) struct Guest {
    pub stream: TcpStream,
    /// The address of this connection, not the one the listener is bound to, which may be 0.0.0.0.
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub place: Place,
}

/// A connection's place among the others; given back on drop.
pub(super) struct Place {
    hall: Arc<Hall>,
    line: Arc<Line>,
    number: u64,
    source: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

/// Everybody who is connected.
#[derive(Default)]
struct Hall {
    present: Mutex<Present>,
    left: Notify,
}

#[derive(Default)]
struct Present {
    lines: HashMap<u64, Arc<Line>>,
    next: u64,
    /// Connections by address; loopback is not counted.
    by_source: HashMap<IpAddr, usize>,
}

impl Door {
    pub(super) fn new(listener: TcpListener, limits: Limits) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // The standard library asks for 128. What finds no place in the queue tries again after a second.
        socket2::SockRef::from(&listener).listen(QUEUE)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let permits = Arc::new(Semaphore::new(limits.connections));
        Ok(Self { listener, permits, hall: Arc::default(), limits, failures: AtomicU64::new(0) })
    }

    /// Waits for the next connection that may come in.
    pub(super) async fn next(&self) -> Guest {
        loop {
            let (stream, remote) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if concerns_one(&error) => continue,
                Err(error) => {
                    let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                    if failures.is_power_of_two() {
                        // Ten times a second would fill the log.
                        let kind = error.kind().to_string();
                        tracing::warn!(kind, failures, "no connection can be accepted");
                    }
                    self.make_room().await;
                    continue;
                }
            };
            let Ok(local) = stream.local_addr() else { continue };
            // Nobody is sent away before somebody stands at the door.
            let permit = self.permit().await;
            let Some(place) = Hall::admit(&self.hall, remote.ip(), self.limits.per_address, permit) else {
                continue;
            };
            settle(&stream, self.limits.write);
            return Guest { stream, local, remote, place };
        }
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        loop {
            let permits = Arc::clone(&self.permits);
            if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
                return permit;
            }
            self.hall.send_one_away();
            if let Ok(Ok(permit)) = timeout(LOOK_AGAIN, permits.acquire_owned()).await {
                return permit;
            }
        }
    }

    /// No descriptor is left, or no memory: somebody who waits has to go, and nothing is tried at full speed.
    async fn make_room(&self) {
        let left = self.hall.left.notified();
        if self.hall.send_one_away() {
            let _ = timeout(BACK_OFF, left).await;
        } else {
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// Errors of accept that are about the connection that was to be accepted, which is gone.
fn concerns_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Answers go out at once; and who takes a silent leave (a cable is pulled) is noticed after the next write.
fn settle(stream: &TcpStream, patience: Duration) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(patience));
    #[cfg(not(target_os = "linux"))]
    let _ = patience;
}

impl Hall {
    /// A place for a connection from `address`, or `None` when that has as many as it may.
    fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        per_address: usize,
        permit: OwnedSemaphorePermit,
    ) -> Option<Place> {
        let source = source(address);
        let mut present = self.present();
        if let Some(source) = source {
            let n_here = present.by_source.entry(source).or_default();
            if *n_here >= per_address {
                return None;
            }
            *n_here += 1;
        }
        let number = present.next;
        present.next += 1;
        let line = Arc::new(Line::new());
        present.lines.insert(number, Arc::clone(&line));
        drop(present);
        Some(Place { hall: Arc::clone(self), line, number, source, _permit: permit })
    }

    /// Tells the connection to go that has waited longest for a head, else the one whose body has been coming
    /// longest. False when all are being answered.
    fn send_one_away(&self) -> bool {
        let present = self.present();
        let longest = present
            .lines
            .values()
            .filter_map(|line| Some((line.rank()?, line)))
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, line)) = longest {
            line.send_away();
        }
        longest.is_some()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.hall.present();
        present.lines.remove(&self.number);
        if let Some(source) = self.source
            && let Some(n_here) = present.by_source.get_mut(&source)
        {
            *n_here -= 1;
            if *n_here == 0 {
                present.by_source.remove(&source);
            }
        }
        drop(present);
        self.hall.left.notify_waiters();
    }
}

/// What connections are counted by: an IPv4 address, or 64 bits of an IPv6 address, which is what one household has.
/// `None` for this machine: everybody on it has the same address.
fn source(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => {
            let [a, b, c, d, ..] = long.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit(permits: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        Arc::clone(permits).try_acquire_owned().expect("a permit")
    }

    #[test]
    fn an_address_has_32_places_a_household_shares_them_and_loopback_has_all() {
        let permits = Arc::new(Semaphore::new(1000));
        let hall = Arc::new(Hall::default());
        let per_address = Limits::default().per_address;
        let mut places = Vec::new();
        for n in 0..40_u16 {
            for address in ["192.0.2.7".to_owned(), "::ffff:192.0.2.7".to_owned(), format!("2001:db8::{n:x}")]
            {
                places.extend(hall.admit(
                    address.parse().expect("an address"),
                    per_address,
                    permit(&permits),
                ));
            }
        }
        assert_eq!(places.len(), 64, "32 of one IPv4 address, 32 of one IPv6 network");
        assert!(
            hall.admit("192.0.2.8".parse().expect("an address"), per_address, permit(&permits)).is_some()
        );
        assert!(
            hall.admit("2001:db8:0:1::1".parse().expect("an address"), per_address, permit(&permits))
                .is_some()
        );
        let here: Vec<Place> = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .iter()
            .cycle()
            .take(300)
            .filter_map(|address| {
                hall.admit(address.parse().expect("an address"), per_address, permit(&permits))
            })
            .collect();
        assert_eq!(here.len(), 300);
        drop((places, here));
        assert!(
            hall.present().lines.is_empty() && hall.present().by_source.is_empty(),
            "nothing is left behind"
        );
        assert_eq!(permits.available_permits(), 1000);
    }
}
