"""The command line of taylored."""
