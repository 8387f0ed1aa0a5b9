"""What the cluster backend costs, beside the embedded one."""
