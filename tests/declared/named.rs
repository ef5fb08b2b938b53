//! The counterpart of a test in `main.rs`: a crate whose sockets are to be mounted is named.

use phx_runtime::{Endpoint, EndpointError};
use unnamed as _;

#[test]
fn the_sockets_of_a_named_crate_are_mounted() -> Result<(), EndpointError> {
    let endpoint = Endpoint::builder().build()?;
    assert_eq!(format!("{endpoint:?}"), r#"Endpoint { mounts: ["/unnamed"], .. }"#);
    Ok(())
}
