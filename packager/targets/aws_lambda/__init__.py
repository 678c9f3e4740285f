"""The target `aws_lambda`: a function folder, its zip and image, and what SAM needs to run and deploy it."""
