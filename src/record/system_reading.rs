//! What monitors of processes, containers and machines read.

/// A kind of monitor's readings with the words that stand in records and documents.
macro_rules! readings {
    ($(#[$about:meta])* $name:ident: $number:literal { $($(#[$doc:meta])* $one:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $one,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: [Self; $number] = [$(Self::$one,)+];

            /// Its name in records and documents, after that of the monitor.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$one => $word,)+
                }
            }
        }
    };
}

readings! {
    /// What is read of processes: sums over all that belong together.
    ProcessReading: 7 {
        /// Resident memory. Pages that several of them share count for each.
        Rss = "rss_bytes",
        /// Proportional memory: shared pages count in parts. Read seldom, because it is dear.
        Pss = "pss_bytes",
        /// CPU time since the look before, as a share of one processor.
        Cpu = "cpu",
        /// Threads.
        Threads = "threads",
        /// Open files and sockets.
        Fds = "fds",
        /// How many processes they are.
        Processes = "processes",
        /// How often they were there again under other ids, since the run began.
        Restarts = "restarts",
    }
}

readings! {
    /// What is read of a container or a control group.
    ContainerReading: 9 {
        /// Memory in use, without the part of the file cache that can go at once.
        Memory = "memory_bytes",
        /// Of that, memory of the processes themselves.
        Rss = "rss_bytes",
        /// Memory in use as a share of the limit, where there is one.
        MemoryUse = "memory_use",
        /// CPU time since the look before, as a share of one processor.
        Cpu = "cpu",
        /// The share of the time since the look before in which it was held back by its CPU limit.
        Throttled = "throttled_share",
        /// Processes and threads.
        Tasks = "tasks",
        /// Bytes received per second since the look before.
        Received = "received_bytes_per_s",
        /// Bytes sent per second since the look before.
        Sent = "sent_bytes_per_s",
        /// How often it was started anew since the run began.
        Restarts = "restarts",
    }
}

readings! {
    /// What is read of a machine.
    HostReading: 7 {
        /// CPU time since the look before, as a share of all processors.
        Cpu = "cpu",
        /// Processes that ran or wanted to, on average over the last minute.
        Load = "load",
        /// Memory that programs can still get.
        MemoryAvailable = "memory_available_bytes",
        /// The share of the memory that they can not.
        MemoryUse = "memory_use",
        /// Free space where the store is.
        DiskFree = "disk_free_bytes",
        /// Bytes received per second since the look before, on all networks but the own machine.
        Received = "received_bytes_per_s",
        /// Bytes sent per second since the look before.
        Sent = "sent_bytes_per_s",
    }
}
