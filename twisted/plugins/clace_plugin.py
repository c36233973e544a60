"""Names the service for ``twistd``; imports nothing of ours, for every ``twistd`` run reads it."""

from twisted.application.service import ServiceMaker

clace = ServiceMaker("Clace", "clace.tap", "Run the app server.", "clace")
