"""Running an artifact on this machine: by Lambda's own emulator, or through the SAM CLI."""
