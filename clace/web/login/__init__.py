"""Signing in and out with a browser: pages on the server's own host, and the way there and back."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.login.account import AccountSteps as AccountSteps
    from clace.web.login.flow import Places as Places, SignInFlow as SignInFlow
    from clace.web.login.heads import AskingHead as AskingHead
    from clace.web.login.leaving import SignOutFlow as SignOutFlow
    from clace.web.login.reactor_turns import ReactorTurns as ReactorTurns
    from clace.web.login.routes import OurRoutes as OurRoutes
    from clace.web.login.second import SecondStep as SecondStep
    from clace.web.login.states import PendingSignIns as PendingSignIns
    from clace.web.login.steps import (
        OurRequest as OurRequest,
        Step as Step,
        sign_in_steps as sign_in_steps,
    )
else:
    __getattr__ = face(
        __name__,
        account=("AccountSteps",),
        flow=("Places", "SignInFlow"),
        heads=("AskingHead",),
        leaving=("SignOutFlow",),
        reactor_turns=("ReactorTurns",),
        routes=("OurRoutes",),
        second=("SecondStep",),
        states=("PendingSignIns",),
        steps=("OurRequest", "Step", "sign_in_steps"),
    )
