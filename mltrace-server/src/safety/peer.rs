//! Where a request comes from, and the place among the connections that it holds.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use tokio::sync::OwnedSemaphorePermit;

/// The address of a client, or the network of one: who has one address of version 6 has 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// Whoever asks without a network.
    pub(crate) const HERE: Self = Self(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    /// Returns where an address belongs to.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(IpAddr::V6(network.into()))
            }
            address => Self(address),
        }
    }
}

/// A connection: who is at its other end, and its place among those that ask.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: Peer,
    place: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Connection {
    pub(crate) fn new(peer: Peer, place: OwnedSemaphorePermit) -> Self {
        Self { peer, place: Arc::new(Mutex::new(Some(place))) }
    }

    /// Leaves the place to those who ask: the connection has another, or is at its end.
    pub(crate) fn leave_place(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Returns who sent a request.
pub(crate) fn peer(request: &Request) -> Peer {
    connection(request).map_or(Peer::HERE, |connection| connection.peer)
}

/// Returns the connection that a request came over; `None` without a network.
pub(crate) fn connection(request: &Request) -> Option<&Connection> {
    request.extensions().get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_is_one_peer() {
        let peer = |text: &str| Peer::of(text.parse().unwrap());
        assert_eq!(peer("2001:db8:0:1::1"), peer("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8:0:2::1"));
        assert_ne!(peer("10.0.0.1"), peer("10.0.0.2"));
        assert_eq!(peer("::ffff:10.0.0.1"), peer("10.0.0.1"));
        assert_eq!((peer("127.0.0.1"), peer("::1")), (Peer::HERE, Peer("::1".parse().unwrap())));
    }
}
