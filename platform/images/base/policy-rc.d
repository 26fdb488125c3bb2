#!/bin/sh
# Installing a package must not start its service in an image build.
exit 101
