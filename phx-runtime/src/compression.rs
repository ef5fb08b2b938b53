//! What a mount may say about compression.

/// How the messages of a mount are compressed, for clients that offer it (permessage-deflate, RFC 7692), as browsers
/// do. Other clients of the mount are served as without it.
///
/// Every message is compressed by itself, so that compression takes no memory per connection, and a broadcast is
/// compressed once for all its receivers. Do not compress where one message holds a secret beside text that an
/// attacker chooses: its length gives the secret away.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # use phx_runtime::Compression;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # fn main() -> Result<(), EndpointError> {
/// let mut compression = Compression::default();
/// compression.level = 1;
/// let endpoint = Endpoint::builder()
///     .socket_with::<UserSocket>("/socket", |options| options.compress = Some(compression))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compression {
    /// From 1, the fastest, to 9, the smallest; more counts as 9. Default 3: JSON of some KiB shrinks to a quarter, as
    /// with zlib's own default of 6, which takes up to four times as long. Where mounts that share topics differ, a
    /// broadcast gets the level of the first connection to write it.
    pub level: u32,
    /// Messages to a client that have fewer bytes than this are sent as they are. Default 512: JSON of that size
    /// shrinks to a half, smaller ones to less and less avail, and a network packet holds them anyway.
    pub threshold_bytes: usize,
    /// How many times its compressed size a client's message may have; a larger one closes the connection with 1009,
    /// and is not inflated any further. Messages of up to 16 KiB are let through whatever their ratio: they do no
    /// harm, and somebody who leans on a key makes such. Default 25, as in Bandit: JSON rarely reaches 10, a bomb has
    /// 1,000. A message may not have more than `max_message_bytes` either, neither compressed nor inflated.
    pub max_ratio: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 3, threshold_bytes: 512, max_ratio: 25 }
    }
}
